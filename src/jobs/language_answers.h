// What is asked of language models that makes no work: an answer in a conversation, and vectors of texts.
#pragma once

#include <memory>
#include <string>

#include "jobs/worker.h"
#include "pipelines/recipes.h"
#include "text/encode/bert.h"
#include "voice/listen/whisper.h"

namespace ptah {

/// The kinds of jobs that make no work.
inline constexpr const char* kChatJob = "chat";
inline constexpr const char* kCompletionJob = "completion";
inline constexpr const char* kEmbedJob = "embeddings";
inline constexpr const char* kTranscribeJob = "transcription";

/// Answers them. For one thread.
class LanguageAnswers {
 public:
  static bool answers(const std::string& kind) { return kind == kChatJob || kind == kCompletionJob || kind == kEmbedJob || kind == kTranscribeJob; }
  /// Chat and completion: as answer_chat(). Embeddings: {"model", "texts"} gives {"vectors", "width", "prompt_tokens"}; the vectors are float32, little-endian,
  /// in base64. Transcription: {"model", "sound" (a file), "language", "words"} gives transcript_json() with "vtt" and "srt". Errors: not_found (the model);
  /// those of answer_chat(), read_speech() and transcribe().
  Result<JobResult> run(ModelCache& models, const Job& job, const JobWorker::Tell& tell, const CancelToken* cancel);
  /// Errors: as run().
  Result<Plan> plan(ModelCache& models, const Job& job);
  void clear() { encoder_.reset(), listener_.reset(); }

 private:
  Result<std::shared_ptr<SentenceEncoder>> encoder(const std::string& model);
  Result<JobResult> listen(const Json& fields, const CancelToken* cancel);
  std::shared_ptr<SentenceEncoder> encoder_;
  std::shared_ptr<const WhisperModel> listener_;
  std::string encoder_model_, listener_model_;
};

}  // namespace ptah
