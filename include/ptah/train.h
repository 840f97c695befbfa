// Training, as `ptah train` does it.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "ptah/result.h"

namespace ptah {

struct TrainProgress {
  std::string stage;
  long long step = 0, steps = 0;
  float loss = 0;
  double seconds_left = 0;
};

/// Trains a picture model by a JSON config (docs/training.md); paths in it are relative to `base`. An interrupted run goes on from its last checkpoint.
Outcome<Done> train_picture(const std::string& config_json, const std::filesystem::path& base, const std::function<void(const TrainProgress&)>& progress = {});

}  // namespace ptah
