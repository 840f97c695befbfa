// A training's folder belongs to one training.
#pragma once

#include <filesystem>

#include "base/error.h"
#include "base/json.h"

namespace ptah {

/// Notes in folder/training.json what a training is made of. Keys that say only how it runs (stop_at, log_every and the like) are left out. Errors:
/// invalid_argument, naming the key that differs, if the folder holds a checkpoint of another training: nothing is overwritten.
Result<void> claim_training_folder(const std::filesystem::path& folder, Json made_of);

}  // namespace ptah
