// Training of the picture model: first the autoencoder, then text encoder and denoiser together on its latents; and of judges.
#pragma once

#include <filesystem>
#include <functional>

#include "base/json.h"
#include "train/run.h"

namespace ptah {

/// Reports go here, one stage after the other.
struct TrainCallbacks {
  std::function<void(const std::string& stage, const RunReport&)> report;
  std::function<void(const std::string&)> say;
  const CancelToken* cancel = nullptr;
  bool only_check = false;  ///< the stages read their part of the config, and stop there
};

/// Runs the stages of a config (docs/training.md lists its keys), which is read whole before the first begins. Errors: invalid_argument for unknown keys (with
/// the nearest), bad values, or no stage at all.
Result<void> train_picture_model(const Json& config, const std::filesystem::path& base_folder, const TrainCallbacks& callbacks);

}  // namespace ptah
