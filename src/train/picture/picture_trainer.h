// Training of the picture model: first the autoencoder, then text encoder and denoiser together on its latents; and of judges.
#pragma once

#include <filesystem>
#include <functional>

#include "base/json.h"
#include "train/loop/run.h"

namespace ptah {

/// Runs the stages of a config (docs/training.md lists its keys), which is read whole before the first begins. A stage whose output is there already goes on
/// from there, if it is of the same training. Errors: invalid_argument for unknown keys (with the nearest), bad values, no stage at all, or an output of
/// another training; not_found.
Result<void> train_picture_model(const Json& config, const std::filesystem::path& base_folder, const TrainCallbacks& callbacks);

}  // namespace ptah
