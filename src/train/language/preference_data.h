// Pairs of answers as tokens.
#pragma once

#include <filesystem>

#include "text/lm/language_model.h"

namespace ptah {

/// A prompt with an answer; the tokens from `answer` on are the answer's.
struct PromptedAnswer {
  std::vector<int32_t> tokens;
  int64_t answer = 0;
  int64_t answer_tokens() const { return static_cast<int64_t>(tokens.size()) - answer; }
};

struct PreferencePair {
  PromptedAnswer chosen, rejected;  ///< rejected is empty where rows have one answer
  bool liked = true;                ///< where rows have one answer: what was said of it
};

/// What a row has to hold.
enum class PreferenceRows : uint8_t {
  pairs,     ///< prompt, chosen and rejected
  answers,   ///< prompt, and chosen or completion
  judgments  ///< prompt, completion and label: whether the answer was liked
};

/// Rows of JSON as TRL's; prompts and answers are texts or lists of {"role", "content"}. Lists go
/// through the model's chat template, texts are joined as they are, with the model's end token behind. Longer rows are cut at `max_tokens`; those whose prompt
/// fills it are left out and counted in `left_out`. Errors: not_found; corrupt, naming the line; unsupported for lists and a model without a chat template.
Result<std::vector<PreferencePair>> read_preferences(const std::filesystem::path& file, const LoadedLanguageModel& model, int64_t max_tokens,
                                                     PreferenceRows rows, int64_t& left_out);

}  // namespace ptah
