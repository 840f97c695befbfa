// A picture painted by a checkpoint of the Stable Diffusion family as a work: picture.png and the receipt with which it is painted again.
#pragma once

#include "create/diffusion_model.h"
#include "create/work.h"

namespace ptah {

/// Where CLIP's words lie: pulled as "clip-words". Errors: not_found, saying how to pull them.
Result<std::filesystem::path> clip_words();

/// SHA-256 of a checkpoint's files, by their names below it.
Result<Json> checkpoint_digests(const std::filesystem::path& path);

/// The work of what `model`, read from `path`, painted.
Result<Work> painting(const PaintRequest& request, const std::filesystem::path& path, const Json& digests, const Picture& picture);

/// Whether a receipt is one of painting().
bool is_painting_receipt(const Json& receipt);
/// Paints it again. Errors: not_found (the checkpoint, where it lay), mismatch (other files there), corrupt.
Result<Work> replay_painting(const Json& receipt, const ProgressCallback& progress = {}, const CancelToken* cancel = nullptr);

}  // namespace ptah
