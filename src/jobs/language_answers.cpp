#include "jobs/language_answers.h"

#include <algorithm>

#include "base/base64.h"
#include "base/file.h"
#include "jobs/chat_answers.h"
#include "media/deflate.h"
#include "media/sound/sound_encoder.h"
#include "models/registry.h"
#include "voice/listen/sound_file.h"
#include "voice/listen/transcribe.h"

namespace ptah {

namespace {

constexpr size_t kZlibBytes = 6;                         ///< around what is deflated, in zlib's form, of which Whisper's own program speaks
constexpr int64_t kListeningBytes = int64_t{256} << 20;  ///< the largest of the models, and what half a minute of sound takes there
constexpr double kListeningFlops = 40e9;                 ///< of a second of sound, at most

/// By how long the sound is, or can be.
Result<Plan> plan_listening(const Json& fields) {
  PTAH_TRY(const auto file, MappedFile::open(text_at(fields, "sound")));
  constexpr double kBytesASecond = 16000, kFloats = 16000 * 4;  // of a second of a WAV file at least; of what is listened to
  const double seconds = is_ogg(file->bytes()) ? opus_seconds(file->bytes()) : static_cast<double>(file->bytes().size()) / kBytesASecond;
  Plan plan;
  plan.tensor_bytes = static_cast<int64_t>(seconds * kFloats * 3);
  plan.program_bytes = kListeningBytes;
  plan.peak_bytes = plan.program_bytes + plan.tensor_bytes;
  plan.flops = static_cast<int64_t>(seconds * kListeningFlops);
  plan.seconds = seconds_for(plan.flops);
  return plan;
}

}  // namespace

Result<std::shared_ptr<SentenceEncoder>> LanguageAnswers::encoder(const std::string& model) {
  if (encoder_ && encoder_model_ == model) return encoder_;
  PTAH_TRY(const auto folder, find_model(model));
  PTAH_TRY(encoder_, SentenceEncoder::load(folder));
  encoder_model_ = model;
  return encoder_;
}

Result<JobResult> LanguageAnswers::listen(const Json& fields, const CancelToken* cancel) {
  const std::string model = text_at(fields, "model");
  if (!listener_ || listener_model_ != model) {
    PTAH_TRY(const auto folder, find_model(model));
    PTAH_TRY(listener_, WhisperModel::load(folder));
    listener_model_ = model;
  }
  PTAH_TRY(const Bytes file, read_file(text_at(fields, "sound")));
  PTAH_TRY(const std::vector<float> sound, read_speech(file));
  PTAH_TRY(const Transcript heard,
           transcribe(*listener_, sound, {.language = text_at(fields, "language"), .words = fields.value("words", false), .cancel = cancel}));
  Json facts = transcript_json(heard);
  for (size_t i = 0; i < heard.segments.size(); ++i) {
    Json& one = facts["segments"][i];
    const HeardSegment& segment = heard.segments[i];
    one["tokens"] = segment.tokens;
    one["mean_log_probability"] = segment.mean_log_probability;
    one["no_speech"] = segment.no_speech;
    PTAH_TRY(const Bytes small, deflated({segment.text.begin(), segment.text.end()}, DeflateWrapping::none, "text"));
    one["compression_ratio"] = static_cast<double>(segment.text.size()) / static_cast<double>(small.size() + kZlibBytes);
  }
  facts["vtt"] = webvtt_of(heard), facts["srt"] = srt_of(heard);
  return JobResult{{}, std::move(facts)};
}

Result<JobResult> LanguageAnswers::run(ModelCache& models, const Job& job, const JobWorker::Tell& tell, const CancelToken* cancel) {
  if (job.recipe == kTranscribeJob) return guard([&] { return listen(job.fields, cancel); });
  if (job.recipe != kEmbedJob) return answer_chat(models, job.fields, tell, cancel);
  return guard([&]() -> Result<JobResult> {
    PTAH_TRY(const auto reader, encoder(text_at(job.fields, "model")));
    const auto texts = job.fields.at("texts").get<std::vector<std::string>>();
    Bytes vectors;
    int64_t tokens = 0;
    for (const std::string& text : texts) {  // one after the other: the memory is that of one
      stop_if_cancelled(cancel);
      const Tensor one = reader->embed({text});
      const auto* begin = reinterpret_cast<const uint8_t*>(one.data<float>());
      vectors.insert(vectors.end(), begin, begin + static_cast<size_t>(reader->width()) * sizeof(float));
      tokens += static_cast<int64_t>(reader->tokenizer().encode(text, static_cast<size_t>(reader->max_tokens())).size());
    }
    return JobResult{{}, {{"vectors", to_base64(vectors)}, {"width", reader->width()}, {"prompt_tokens", tokens}}};
  });
}

Result<Plan> LanguageAnswers::plan(ModelCache& models, const Job& job) {
  return guard([&]() -> Result<Plan> {
    if (job.recipe == kTranscribeJob) return plan_listening(job.fields);
    if (job.recipe != kEmbedJob) return plan_chat(models, job.fields);
    PTAH_TRY(const auto reader, encoder(text_at(job.fields, "model")));
    const auto texts = job.fields.at("texts").get<std::vector<std::string>>();
    const auto longest = std::max_element(texts.begin(), texts.end(), [](const auto& a, const auto& b) { return a.size() < b.size(); });
    Plan plan;
    if (longest == texts.end()) return plan;
    PTAH_TRY_VOID(plan_tensors(plan, [&]() -> Result<void> {
      (void)reader->embed({*longest});
      return {};
    }));
    plan.program_bytes = int64_t{64} << 20;
    plan.peak_bytes = plan.program_bytes + plan.tensor_bytes;
    plan.seconds = seconds_for(plan.flops) * static_cast<double>(texts.size());
    return plan;
  });
}

}  // namespace ptah
