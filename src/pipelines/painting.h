// A picture painted by a checkpoint of the Stable Diffusion family as a work: picture.png and the receipt with which it is painted again.
#pragma once

#include "pipelines/diffusion_model.h"
#include "pipelines/object.h"
#include "work/plan.h"

namespace ptah {

/// What receipts call a painted picture.
inline constexpr const char* kPaintingKind = "painting";

/// Where CLIP's vocabulary lies: pulled as "clip-tokenizer". Errors: not_found, saying how to pull it.
Result<std::filesystem::path> clip_vocabulary();

/// SHA-256 of all files, by the names that listed() gives them.
Result<Json> checkpoint_digests(const DiffusionFiles& files);

/// What becomes of a painted picture.
struct Finish {
  std::string cut = {};  ///< transparent, white, black or #rrggbb: cut out, with this behind it; empty: as it was painted
  CutBy cut_by = CutBy::colour;
  Formats formats = {.png = true, .glb = false};
  ObjectRequest object = {};
  bool watermark = false;  ///< an invisible one in the picture
};

/// All that can be asked of `paint`: the request, what it is painted with and from, and what becomes of it.
struct PaintTask {
  PaintRequest request = {};
  DiffusionFiles files = {};
  Finish finish = {.cut_by = CutBy::best, .object = {.millimetres = true}};
  std::filesystem::path from = {}, mask = {};
  int64_t extend = 0;                                        ///< pixels more on every side of `from`
  std::vector<std::filesystem::path> control_pictures = {};  ///< one for each network that controls
  bool edges = false;                                        ///< their edges (Canny) instead of themselves
};
const SchemaOf<PaintTask>& paint_schema();
/// Of the request alone.
const SchemaOf<PaintRequest>& paint_request_schema();

/// A picture with `by` pixels more on every side, taken from its border, and a mask that is white there and fades into the picture. Errors: invalid_argument.
Result<Sources> extended(const Image& picture, int64_t by);

/// The work of what a model, read from `files`, painted. `remover` cuts it out, as finish.cut_by says; the receipt says so if it did.
Result<Work> painting(const PaintRequest& request, const DiffusionFiles& files, const Json& digests, const Image& picture, const Sources& sources = {},
                      const Finish& finish = {}, const ProgressCallback& progress = {}, const CancelToken* cancel = nullptr,
                      const std::shared_ptr<const BackgroundRemover>& remover = {});

/// Whether a receipt is one of painting().
bool is_painting_receipt(const Json& receipt);
/// What was asked for, with the pictures it started from as they lie beside it, in the folder `sources`. Errors: corrupt.
Result<PaintTask> painting_task(const Json& receipt, const std::filesystem::path& sources = {});
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
