#include "work/plan.h"

#include <algorithm>

#include "base/memory.h"
#include "base/parallel.h"
#include "tensor/device.h"
#include "tensor/tensor.h"

namespace ptah {

double seconds_for(int64_t flops) {
  const double rate = has_amx() ? 0.8e12 : has_bf16() ? 0.35e12 : 0.15e12;
  return static_cast<double>(flops) / rate * 2 / std::max(1, threads());
}

Result<void> check_budget(const Plan& plan, int64_t budget_bytes) {
  if (budget_bytes <= 0 || plan.peak_bytes <= budget_bytes) return {};
  const auto mib = [](int64_t bytes) { return static_cast<double>(bytes) / (1 << 20); };
  return fail(ErrorCode::over_budget, "this needs {:.0f} MiB, the budget is {:.0f} MiB", mib(plan.peak_bytes), mib(budget_bytes));
}

Result<void> plan_tensors(Plan& plan, const std::function<Result<void>()>& work) {
  const DryRun dry;
  const int64_t before = memory_account().live_bytes;
  reset_memory_peak();
  PTAH_TRY_VOID(work());
  // A freed block may serve a request that is up to an eighth smaller (base/memory.cpp).
  plan.tensor_bytes = (memory_account().peak_bytes - before) * 9 / 8;
  plan.flops = memory_account().flops;
  return {};
}

}  // namespace ptah
