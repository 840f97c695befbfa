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

/// Which token each of the answer's states has to predict: i32 [1, tokens], −1 for those of the prompt and for the last.
Tensor answer_targets(const PromptedAnswer& answer);

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

struct AdapterTraining;

/// The rows that a training learns from, and those that it never sees, of the file or share that its config names.
struct PreferenceSets {
  std::vector<PreferencePair> training, held_out;
  int64_t left_out = 0;  ///< of the first
};
/// A share is drawn from the seed and the stream. Errors: also invalid_argument if no row is left to train on.
Result<PreferenceSets> read_preference_sets(const AdapterTraining& of, const LoadedLanguageModel& model, int64_t max_tokens, PreferenceRows rows, uint64_t seed,
                                            uint64_t stream);

}  // namespace ptah
