#include "pipelines/language_plan.h"

#include <algorithm>

#include "base/budget.h"
#include "base/memory.h"

namespace ptah {

namespace {

/// What programs, libraries and tokenizers take.
constexpr int64_t kProgramBytes = int64_t{64} << 20;
/// How fast weights are read when a token is written, about.
constexpr double kBytesPerSecond = 20e9;

}  // namespace

Result<LanguagePlan> plan_language(const LoadedLanguageModel& loaded, int64_t prompt_tokens, int64_t new_tokens, CacheType cache_type) {
  const LanguageModel& model = *loaded.model;
  const int64_t context = model.config().context;
  if (prompt_tokens < 1 || new_tokens < 0 || prompt_tokens + new_tokens > context)
    return fail(ErrorCode::invalid_argument, "a prompt of {} tokens and an answer of {}; the context holds {}", prompt_tokens, new_tokens, context);
  LanguagePlan out;
  int64_t prompt_flops = 0;
  PTAH_TRY_VOID(plan_tensors(out.plan, [&]() -> Result<void> {
    return guard([&]() -> Result<void> {
      KeyValueCache cache(model.config(), prompt_tokens + std::max<int64_t>(1, new_tokens), cache_type);
      (void)model.read(std::vector<int32_t>(static_cast<size_t>(prompt_tokens), 0), cache, false, current_cancel());
      prompt_flops = memory_account().flops;
      for (int64_t i = 1; i < new_tokens; ++i) {  // the prompt gives the first
        stop_if_cancelled(current_cancel());
        (void)model.step({0}, {&cache});
      }
      out.cache_bytes = cache.bytes();
      return {};
    });
  }));
  Plan& plan = out.plan;
  plan.weight_bytes = model.weight_bytes();
  plan.program_bytes = kProgramBytes;
  plan.peak_bytes = plan.weight_bytes + plan.program_bytes + plan.tensor_bytes;
  out.prompt_seconds = seconds_for(prompt_flops);
  const int64_t steps = std::max<int64_t>(0, new_tokens - 1);
  const double read = static_cast<double>(plan.weight_bytes + out.cache_bytes) / kBytesPerSecond;
  if (steps > 0) out.token_seconds = std::max(read, seconds_for(plan.flops - prompt_flops) / static_cast<double>(steps));
  plan.seconds = out.prompt_seconds + static_cast<double>(steps) * out.token_seconds;
  return out;
}

}  // namespace ptah
