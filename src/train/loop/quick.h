// Trainings that take as many steps as fit into a time.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>

#include "base/json.h"
#include "train/loop/run.h"

namespace ptah {

constexpr int64_t kMaxQuickSteps = 1'000'000;

/// What a step takes, from the last `timed` steps behind the first `warm` ones of a training, which is stopped then. `train` runs it with the callbacks that it
/// gets, in a folder that goes afterwards. Errors: those of `train`; cancelled.
Result<double> seconds_per_step(const std::filesystem::path& out, int64_t warm, int64_t timed, const TrainCallbacks& callbacks,
                                const std::function<Result<void>(const std::filesystem::path& folder, const TrainCallbacks&)>& train);

/// The config that an earlier run of the same training left in a file; nothing if there is none. Errors: invalid_argument if it was of other `data`.
Result<std::optional<Json>> config_to_continue(const std::filesystem::path& file, const std::filesystem::path& data, const TrainCallbacks& callbacks);

}  // namespace ptah
