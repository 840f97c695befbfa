// What a text of a language model takes before it is read or written: bytes and seconds.
#pragma once

#include "text/lm/language_model.h"
#include "work/plan.h"

namespace ptah {

struct LanguagePlan {
  Plan plan;                                     ///< of the whole: peak_bytes of the process, flops, seconds
  int64_t cache_bytes = 0;                       ///< of plan.tensor_bytes: keys and values
  double prompt_seconds = 0, token_seconds = 0;  ///< until the first token; for each that follows, on average
};

/// Of a prompt of `prompt_tokens` with an answer of `new_tokens`, as a chat or ptah generate reads and writes them. The model's own code runs, on tensors
/// without numbers. Errors: invalid_argument (no prompt, or more tokens than the model's context).
Result<LanguagePlan> plan_language(const LoadedLanguageModel& model, int64_t prompt_tokens, int64_t new_tokens, CacheType cache_type = default_cache_type());

}  // namespace ptah
