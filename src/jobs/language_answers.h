// What is asked of language models that makes no work: an answer in a conversation, and vectors of texts.
#pragma once

#include <memory>
#include <string>

#include "jobs/worker.h"
#include "pipelines/recipes.h"
#include "text/encode/bert.h"

namespace ptah {

/// The kinds of jobs that make no work.
inline constexpr const char* kChatJob = "chat";
inline constexpr const char* kEmbedJob = "embeddings";

/// Answers them. For one thread.
class LanguageAnswers {
 public:
  static bool answers(const std::string& kind) { return kind == kChatJob || kind == kEmbedJob; }
  /// Chat: {"model", "messages": [{"role", "content"}], and as fields of `generate`: max_tokens, temperature, top_p, frequency_penalty, presence_penalty, seed,
  /// stop, schema} gives the facts {"text", "finish_reason", "prompt_tokens", "tokens"}. Without max_tokens an answer may fill the context, 2,048 tokens at
  /// most. Embeddings: {"model", "texts"} gives {"vectors", "width", "prompt_tokens"}; the vectors are float32, little-endian, in base64.
  /// Errors: not_found (the model), invalid_argument (the context is too small, a wrong option), unsupported (no chat template).
  Result<JobResult> run(ModelCache& models, const Job& job, const RunOptions& options);
  /// Errors: as run().
  Result<Plan> plan(ModelCache& models, const Job& job);
  void clear() { encoder_.reset(); }

 private:
  Result<std::shared_ptr<SentenceEncoder>> encoder(const std::string& model);
  std::shared_ptr<SentenceEncoder> encoder_;
  std::string encoder_model_;
};

}  // namespace ptah
