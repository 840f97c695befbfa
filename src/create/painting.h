// A picture painted by a checkpoint of the Stable Diffusion family as a work: picture.png and the receipt with which it is painted again.
#pragma once

#include "create/diffusion_model.h"
#include "create/work.h"

namespace ptah {

/// Where CLIP's words lie: pulled as "clip-words". Errors: not_found, saying how to pull them.
Result<std::filesystem::path> clip_words();

/// SHA-256 of all files, by the names that listed() gives them.
Result<Json> checkpoint_digests(const DiffusionFiles& files);

/// What becomes of a painted picture.
struct Finish {
  bool cut = false;                        ///< cut out of its ground
  std::string background = "transparent";  ///< what is then behind it, or white, black, #rrggbb
  Formats formats = {.png = true, .glb = false};
  ObjectRequest object = {};
  bool watermark = false;  ///< an invisible one in the picture
};

/// A picture with `by` pixels more on every side, taken from its border, and a mask that is white there and fades into the picture. Errors: invalid_argument.
Result<Sources> extended(const Picture& picture, int64_t by);

/// The work of what a model, read from `files`, painted.
Result<Work> painting(const PaintRequest& request, const DiffusionFiles& files, const Json& digests, const Picture& picture, const Sources& sources = {},
                      const Finish& finish = {}, const ProgressCallback& progress = {}, const CancelToken* cancel = nullptr);

/// Whether a receipt is one of painting().
bool is_painting_receipt(const Json& receipt);
/// Paints it again with the files of these names in `folder` (empty: $PTAH_CHECKPOINTS, else the current one). Errors: not_found (a file), mismatch (other
/// files there, or other pictures to start from), corrupt.
Result<Work> replay_painting(const Json& receipt, const Sources& sources = {}, const std::filesystem::path& folder = {}, const ProgressCallback& progress = {},
                             const CancelToken* cancel = nullptr);

/// Memory and time of a painting, before any weight is read. Errors: as DiffusionModel::load and paint.
Result<Plan> plan_painting(const PaintRequest& request, const DiffusionFiles& files, const std::filesystem::path& vocabulary, const Sources& sources = {},
                           const DiffusionShapes& shapes = {});
/// The request, decoding in tiles if it fits the budget only so. Errors: over_budget, with the numbers and what would fit.
Result<PaintRequest> within_budget(const PaintRequest& request, const DiffusionFiles& files, const std::filesystem::path& vocabulary, const Sources& sources,
                                   int64_t budget_bytes, const DiffusionShapes& shapes = {});

}  // namespace ptah
