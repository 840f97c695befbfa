// Text generation: a prompt in tokens, then token after token until something stops it.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/progress.h"
#include "text/grammar/grammar.h"
#include "text/lm/language_model.h"
#include "text/lm/sampling.h"

namespace ptah {

struct GenerationOptions {
  SamplingOptions sampling = {};
  int64_t max_tokens = 256;
  std::vector<std::string> stop = {};  ///< texts that end the answer and do not belong to it
  bool end_loops = false;              ///< a text that repeats itself without end is ended (repetition.h); one with a grammar is not
  bool log_probabilities = false;
  /// How many tokens are guessed ahead at most (0 to 11) and read in one go with the token before them: what a draft model would say, or, without one, what
  /// followed the same last tokens earlier (prompt look-up, Saxena 2023). The text is the same, byte for byte; it comes faster where reading the weights is
  /// the limit.
  int64_t lookup = 0;
  /// A smaller model with the same tokens that makes the guesses (speculative decoding: Leviathan et al. 2023).
  std::shared_ptr<const LanguageModel> draft = nullptr;
  std::shared_ptr<const Grammar> grammar = nullptr;  ///< the text will match it, whole within max_tokens
};

enum class FinishReason { stop_token, stop_text, length, context, loop };
std::string_view name_of(FinishReason reason);

struct Generated {
  std::string text;  ///< valid UTF-8
  std::vector<int32_t> tokens;
  std::vector<float> log_probabilities;  ///< of each token under the model, if asked for
  FinishReason reason = FinishReason::length;
  int64_t prompt_tokens = 0;
  int64_t guessed = 0, guessed_right = 0;  ///< tokens ahead, see GenerationOptions::lookup
  double prompt_seconds = 0, decode_seconds = 0;
};

/// One answer in the making, whoever computes the logits: sampling, grammar, stop texts, streaming.
class Decoding {
 public:
  /// At most `max_tokens` tokens. Throws Failure: invalid_argument for bad options or too few tokens for the grammar.
  Decoding(const LoadedLanguageModel& model, const std::vector<int32_t>& prompt, const GenerationOptions& options, int64_t max_tokens,
           std::function<void(std::string_view)> show);
  ~Decoding();
  /// Takes the logits of the next position (and changes them); gives the token to read next, or nothing if the answer is complete.
  std::optional<int32_t> next(std::span<float> logits);
  /// The prompt and the tokens so far.
  const std::vector<int32_t>& seen() const;
  /// How many tokens may still come.
  int64_t left() const;
  /// Ends the answer for a reason from outside.
  void end(FinishReason reason);
  /// Everything but the times and guesses; shows what was held back.
  Generated finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// How long a cache has to be for a prompt and its answer, at least one token, within the model's context.
int64_t cache_length_for(const LanguageConfig& config, int64_t prompt, int64_t max_tokens);

/// How many tokens an answer may have whose prompt of `prompt` tokens goes into a cache with room for `capacity`: a text that has to be whole may use no more
/// than fit behind the prompt.
int64_t max_tokens(const GenerationOptions& options, int64_t capacity, int64_t prompt);

/// A draft model for `model`. Errors: as load_language_model; mismatch if its tokens are others.
Result<std::shared_ptr<const LanguageModel>> load_draft(const std::filesystem::path& path, const LoadedLanguageModel& model);

/// Goes on with `prompt`, whose first tokens, as many as the cache holds, are not read again. `show` gets the text as it comes, whole UTF-8 characters only,
/// and never a part of a stop text. Throws Failure: cancelled (within one token), invalid_argument (the prompt does not fit into the cache or is no longer than
/// what it holds; too few tokens for the grammar).
Generated generate(const LoadedLanguageModel& model, const std::vector<int32_t>& prompt, KeyValueCache& cache, const GenerationOptions& options,
                   const std::function<void(std::string_view)>& show = {}, const CancelToken* cancel = nullptr);

}  // namespace ptah
