// Language models: texts, conversations, and vectors that say how near meanings are.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ptah/result.h"
#include "ptah/seed.h"

namespace ptah {

/// How answers are drawn; unset fields have these defaults.
struct AnswerOptions {
  std::int64_t max_tokens = 256;
  float temperature = 0.8F;  ///< 0: always the most likely token
  std::int64_t top_k = 40;   ///< 0: all
  float top_p = 0.95F;       ///< 1: all
  float min_p = 0;
  float typical_p = 1;  ///< 1: off
  float repetition_penalty = 1, frequency_penalty = 0, presence_penalty = 0;
  std::int64_t penalty_window = 64;                        ///< how many last tokens the penalties look at
  float dry_multiplier = 0, dry_base = 1.75F;              ///< above 0: what would copy a longer piece of the text so far becomes less likely (DRY)
  std::int64_t dry_allowed_length = 2;                     ///< tokens that may be copied freely
  std::int64_t lookup = 0;                                 ///< tokens guessed ahead (0 to 11) where the text repeats itself; the text stays the same
  Seed seed = 0;                                           ///< the same prompt, options and seed give the same text
  std::vector<std::string> stop = {};                      ///< texts that end the answer and do not belong to it
  std::string json_schema = {};                            ///< if not empty: the answer is JSON that satisfies it
  std::string grammar = {};                                ///< if not empty: the answer matches it (GBNF, rule `root`)
  std::function<void(const std::string& news)> show = {};  ///< the text as it comes, whole UTF-8 characters only
  const std::atomic<bool>* cancel = nullptr;               ///< looked at before each token
};

struct Answer {
  std::string text;
  std::string finish_reason;  ///< stop_token, stop_text, length, context or loop
  std::int64_t prompt_tokens = 0, tokens = 0;
  std::uint64_t seed = 0;                  ///< that it was drawn with
  std::string broken_principle = {};       ///< of the request or the answer; then `text` says so
  std::vector<std::string> recalled = {};  ///< facts from the memory that the model was given
};

/// What a conversation keeps, recalls and refuses; nothing by default. Recall and principles need the sentence encoder "minilm".
struct ChatSetup {
  std::string system = {};
  std::filesystem::path memory = {};      ///< an SQLite file, made if it is not there; empty: no memory
  std::string user = "me";                ///< whose memory
  std::filesystem::path principles = {};  ///< JSON; empty: none
};

/// A model in memory; copies share it. For one thread at a time.
class Language {
 public:
  /// A pulled model by name ("smollm2"), a GGUF file, or a folder with one; with an adapter's folder (of ptah train language or preference, or PEFT's) or
  /// without.
  static Outcome<Language> open(const std::string& name_or_path, const std::filesystem::path& adapter = {});
  /// Goes on with a text.
  Outcome<Answer> generate(const std::string& prompt, const AnswerOptions& options = {}) const;

 private:
  friend class Chat;
  struct State;
  std::shared_ptr<const State> state_;
};

/// A conversation; what the model has read is not read again.
class Chat {
 public:
  /// Fails with "unsupported" for a base model, which has no chat template.
  static Outcome<Chat> begin(const Language& language, const std::string& system = "");
  /// Fails also with "not_found" if a memory or principles are wished and "minilm" is not pulled.
  static Outcome<Chat> begin(const Language& language, const ChatSetup& setup);
  Outcome<Answer> say(const std::string& message, const AnswerOptions& options = {});

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// Turns texts into vectors of length 1 whose products say how near their meanings are.
class Embedder {
 public:
  /// A pulled model by name ("minilm") or a folder in Hugging Face's layout (BERT type).
  static Outcome<Embedder> open(const std::string& name_or_path);
  Outcome<std::vector<std::vector<float>>> embed(const std::vector<std::string>& texts) const;

 private:
  struct State;
  std::shared_ptr<const State> state_;
};

}  // namespace ptah
