// One training run: steps, log, checkpoints, exact resume, progress with the time left.
#pragma once

#include <filesystem>
#include <functional>

#include "base/progress.h"
#include "train/loop/optimizer.h"

namespace ptah {

struct RunConfig {
  std::filesystem::path folder;  ///< gets checkpoint.safetensors, log.csv and the sample sheets
  Schedule schedule;
  double checkpoint_seconds = 600;
  double sample_seconds = 600;
  int64_t log_every = 20;
  /// Stop (with a checkpoint) before the end, to go on later; 0: run to the end.
  int64_t stop_at = 0;
};

struct RunReport {
  int64_t step = 0, steps = 0;
  float loss = 0;  ///< mean since the last report
  float grad_norm = 0;
  double seconds_per_step = 0, seconds_left = 0;
};

/// Reports go here, one stage after the other.
struct TrainCallbacks {
  std::function<void(const std::string& stage, const RunReport&)> report = [](const std::string&, const RunReport&) {};
  std::function<void(const std::string&)> say = [](const std::string&) {};
  const CancelToken* cancel = nullptr;
  bool only_check = false;  ///< the stages read their part of the config, and stop there
};

/// Calls `step(i)` (which leaves gradients in the leaves and returns the loss) and the optimiser, from the checkpoint's step on if
/// the folder holds one. `sample(i)` is called every sample_seconds and at the end. A cancelled run writes its checkpoint and returns
/// cancelled. A loss that is no number stops the run with an error and leaves the last checkpoint.
Result<void> train(const RunConfig& config, Optimizer& optimizer, const std::function<float(int64_t)>& step, const std::function<Result<void>(int64_t)>& sample,
                   const std::function<void(const RunReport&)>& report, const CancelToken* cancel = nullptr);

}  // namespace ptah
