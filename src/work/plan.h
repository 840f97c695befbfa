// What a request takes before it runs: bytes and seconds.
#pragma once

#include <cstdint>
#include <functional>

#include "base/error.h"

namespace ptah {

struct Plan {
  int64_t weight_bytes = 0;   ///< the model file, mapped
  int64_t tensor_bytes = 0;   ///< packed weights, activations and scratch at their peak
  int64_t shape_bytes = 0;    ///< grid and meshes of the object
  int64_t program_bytes = 0;  ///< the program, its libraries and generated code
  int64_t peak_bytes = 0;     ///< of the whole process
  int64_t flops = 0;
  double seconds = 0;  ///< estimate
};
/// How long so much arithmetic takes here, about.
double seconds_for(int64_t flops);
/// Runs `work` without numbers and notes what its tensors take and how much arithmetic it is.
Result<void> plan_tensors(Plan& plan, const std::function<Result<void>()>& work);

/// over_budget, with the numbers, if a plan needs more than a budget above 0.
Result<void> check_budget(const Plan& plan, int64_t budget_bytes);

}  // namespace ptah
