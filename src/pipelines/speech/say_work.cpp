#include "pipelines/speech/say_work.h"

#include <algorithm>
#include <cmath>

#include "base/budget.h"
#include "base/file.h"
#include "base/text.h"
#include "media/label.h"
#include "media/sound/sound_encoder.h"
#include "media/sound/sound_watermark.h"
#include "media/wav.h"
#include "tensor/device.h"
#include "voice/captions.h"

namespace ptah {

namespace {

constexpr int64_t kSpeechProgramBytes = int64_t{96} << 20;  ///< the program and the dictionaries

}  // namespace

template <class C, class Visit>
requires std::same_as<std::remove_const_t<C>, SayTask>
void fields(C& c, const Visit& visit) {
  constexpr const char* kSince = "0.3.0";
  visit(Field{.name = "text",
              .help = "what is said, plain or as SSML, in the language of the voice; an empty line makes a longer pause",
              .max_bytes = size_t{1} << 20,
              .since = kSince,
              .positional = true,
              .required = true},
        c.text);
  visit(
      Field{.name = "voice", .help = "who says it, or a mixture such as af_heart:2+am_adam", .unit = "NAME", .since = kSince, .one_line = true, .always = true},
      c.voice);
  visit(Field{.name = "lexicon", .help = "words with their phonemes, as Ptah=tˈɑ, Nguyen=wˈɪn", .max_bytes = size_t{1} << 16, .since = kSince}, c.lexicon);
  visit(Field{.name = "speed", .help = "above 1: faster", .range = {0.5, 2}, .since = kSince}, c.speed);
  visit(Field{.name = "pitch", .help = "factor on the pitch", .range = {0.5, 2}, .since = kSince}, c.pitch);
  visit(Field{.name = "energy", .help = "factor on the loudness curve", .range = {0.5, 1.5}, .since = kSince}, c.energy);
  visit(Field{.name = "pause", .help = "factor on the silence between sentences", .range = {0, 10}, .since = kSince}, c.pause);
  visit(Field{.name = "captions", .help = "captions.vtt, captions.srt and words.json (the time of each word and phoneme) beside the sound", .since = kSince},
        c.captions);
  visit(Field{.name = "precision",
              .help = "what the decoder computes in; auto: bf16 where the processor has it",
              .choices = {"auto", "f32", "bf16"},
              .since = kSince},
        c.precision);
  visit(Field{.name = "format", .help = "of the sound", .choices = {"wav", "opus", "mp3"}, .since = kSince, .absent = "wav"}, c.format);
  visit(Field{.name = "watermark", .help = "an inaudible one in the sound, which ptah verify finds", .since = kSince, .absent = false}, c.watermark);
  visit(Field{.name = "follow_emotion",
              .help = "speed, pitch and energy of each sentence follow, a little, the emotions that its words express (ptah emotion)",
              .since = kSince,
              .absent = false},
        c.follow_emotion);
  visit(Field{.name = "model", .help = "name of a pulled model, or its folder", .unit = "MODEL", .since = kSince}, c.model);
}

const SchemaOf<SayTask>& say_schema() {
  static const auto schema = SchemaOf<SayTask>::describe("say", "Say a text aloud", [](SayTask& task, const Json&) -> Result<void> {
    if (trimmed(task.text).empty()) return fail_field("text", ErrorCode::invalid_argument, "`text` is empty");
    const auto voices = voices_in(task.voice);
    if (!voices) return fail_field("voice", voices.error().code, "{}", voices.error().message);
    if (const auto words = user_lexicon(task.lexicon); !words) return fail_field("lexicon", words.error().code, "`lexicon`: {}", words.error().message);
    return {};
  });
  return schema;
}

namespace {

SpeakRequest speak_request(const SayTask& request) {
  return {.text = request.text,
          .voice = request.voice,
          .how = {request.speed, request.pitch, request.energy},
          .lexicon = value_or_throw(user_lexicon(request.lexicon)),
          .pause = request.pause,
          .type = request.precision == "auto"   ? compute_dtype()
                  : request.precision == "bf16" ? DType::bf16
                                                : DType::f32};
}

Bytes caption_bytes(const std::string& text) { return {text.begin(), text.end()}; }

/// What each of Ekman's emotions does to the sliders if it is certain.
struct EmotionSliders {
  std::string_view emotion;
  float speed, pitch, energy;
};
constexpr EmotionSliders kEmotionSliders[] = {{"anger", 1.05F, 1.0F, 1.12F}, {"disgust", 0.97F, 0.97F, 1.04F}, {"fear", 1.06F, 1.05F, 1.0F},
                                              {"joy", 1.04F, 1.06F, 1.06F},  {"sadness", 0.92F, 0.95F, 0.92F}, {"surprise", 1.02F, 1.07F, 1.05F}};

/// Each utterance's factors: the geometric mean of the table's, weighted by probability.
void follow_emotions(std::vector<Utterance>& utterances, const EmotionReader& reader) {
  std::vector<std::string> texts;
  for (const Utterance& one : utterances) texts.push_back(one.text);
  const auto readings = reader.read(texts);
  for (size_t i = 0; i < utterances.size(); ++i) {
    float all = 0;
    for (const EmotionReader::Guess& guess : readings[i].ekman) all += guess.probability;
    for (const EmotionReader::Guess& guess : readings[i].ekman)
      for (const EmotionSliders& sliders : kEmotionSliders) {
        if (sliders.emotion != guess.name || all <= 0) continue;
        const float weight = guess.probability / std::max(1.0F, all);
        utterances[i].speed *= std::pow(sliders.speed, weight);
        utterances[i].pitch *= std::pow(sliders.pitch, weight);
        utterances[i].energy *= std::pow(sliders.energy, weight);
      }
  }
}

/// What is said goes through here, piece by piece: it is marked, and becomes a file.
class SpeechFile {
 public:
  SpeechFile(const SayTask& request, int64_t rate, std::string label, const SoundListener& heard) : rate_(rate), label_(std::move(label)), heard_(heard) {
    if (request.watermark) marker_.emplace();
    if (request.format != "wav") encoder_ = value_or_throw(sound_encoder(request.format, rate, label_));
  }
  void add(std::span<const float> sound) {
    if (!marker_) return put(sound);
    std::vector<float> marked;
    marker_->add(sound, marked);
    put(marked);
  }
  Bytes end() {
    if (marker_) {
      std::vector<float> marked;
      marker_->end(marked);
      put(marked);
    }
    if (!encoder_) return value_or_throw(wav_file(std::move(bytes_), rate_, label_));
    encoder_->end(bytes_);
    return std::move(bytes_);
  }
  double seconds() const { return static_cast<double>(samples_) / static_cast<double>(rate_); }

 private:
  void put(std::span<const float> sound) {
    samples_ += sound.size();
    if (encoder_)
      encoder_->add(sound, bytes_);
    else
      append_samples(bytes_, sound);
    if (heard_) heard_(sound);
  }
  int64_t rate_;
  std::string label_;
  const SoundListener& heard_;
  std::optional<SoundMarker> marker_;
  std::unique_ptr<SoundEncoder> encoder_;
  Bytes bytes_;  ///< of the file; of a WAV file its samples of 16 bits
  size_t samples_ = 0;
};

Result<Json> speaker_digests(const Speaker& speaker, const SayTask& request, const EmotionReader* emotions) {
  Json out = Json::object();
  for (const auto& file : speaker.files(speak_request(request))) {
    PTAH_TRY(out[file.filename().string()], file_id(file));
  }
  if (!request.follow_emotion) return out;
  if (!emotions) return fail(ErrorCode::invalid_argument, "`follow_emotion` needs a classifier of emotions");
  PTAH_TRY(const Json guessing, emotions->digests());
  for (const auto& [name, digest] : guessing.items()) out["emotion/" + name] = digest;
  return out;
}

}  // namespace

Result<Work> say_work(const Speaker& speaker, const SayTask& request, const ProgressCallback& progress, const CancelToken* cancel, bool receipt,
                      const SoundListener& heard, const EmotionReader* emotions) {
  return guard([&]() -> Result<Work> {
    stop_if_cancelled(cancel);
    const SpeakRequest how = speak_request(request);
    PTAH_TRY(auto utterances, speaker.read(how));
    Work work;
    Json core = begun_receipt(kSpeechKind, say_schema().to_receipt(request));
    PTAH_TRY(core["models"], speaker_digests(speaker, request, emotions));
    if (request.follow_emotion) follow_emotions(utterances, *emotions);
    PTAH_TRY(const std::string begun, canonical_json(core));
    SpeechFile file(request, speaker.model().sample_rate(), generated_label(file_id(as_bytes(begun)), false), heard);
    size_t all = 0, done = 0;
    for (const Utterance& utterance : utterances) all += utterance.characters;
    const Speech speech = speaker.say(how, utterances, cancel, [&](size_t count, std::span<const float> sound) {
      file.add(sound);
      done += utterances[count - 1].characters;
      if (progress) progress({"say", 0.98 * static_cast<double>(done) / static_cast<double>(all), -1});
    });
    work.files["speech." + request.format] = file.end();
    if (request.captions) {
      work.files["captions.vtt"] = caption_bytes(webvtt_of(speech.words));
      work.files["captions.srt"] = caption_bytes(srt_of(speech.words));
      work.files["words.json"] = caption_bytes(word_times(speech.words, true).dump(1) + "\n");
    }
    work.facts = {{"seconds", file.seconds()}, {"words", word_times(speech.words, false)}};
    if (receipt) PTAH_TRY_VOID(seal(work, core));
    if (progress) progress({"done", 1, 0});
    return work;
  });
}

Result<Work> replay_say(const Speaker& speaker, const SayTask& request, const Json& receipt, const ProgressCallback& progress, const CancelToken* cancel,
                        const EmotionReader* emotions) {
  PTAH_TRY(const Json digests, speaker_digests(speaker, request, emotions));
  if (digests != receipt.value("models", Json()))
    return fail(ErrorCode::mismatch, "the files of the model '{}' are not those the speech was made with", request.model);
  return say_work(speaker, request, progress, cancel, true, {}, emotions);
}

Result<Plan> plan_speech(const Speaker& speaker, const SayTask& request) {
  const SpeakRequest how = speak_request(request);
  PTAH_TRY(const auto utterances, speaker.read(how));
  const auto longest =
      std::max_element(utterances.begin(), utterances.end(), [](const Utterance& a, const Utterance& b) { return a.characters < b.characters; });
  Plan plan;
  size_t all = 0;
  for (const Utterance& utterance : utterances) all += utterance.characters;
  PTAH_TRY_VOID(plan_tensors(plan, [&]() -> Result<void> {
    stop_if_cancelled(current_cancel());
    (void)speaker.say(how, {*longest});
    return {};
  }));
  const double parts = static_cast<double>(all) / static_cast<double>(std::max<size_t>(1, longest->characters));
  plan.flops = static_cast<int64_t>(static_cast<double>(plan.flops) * parts);
  for (const auto& file : speaker.files(how)) {
    std::error_code ignored;
    plan.weight_bytes += static_cast<int64_t>(std::filesystem::file_size(file, ignored));
  }
  // Seven samples of 24,000 a second in floats and in the file, for each phoneme about a fourteenth of a second.
  const auto sound_bytes = static_cast<int64_t>(static_cast<double>(request.format == "wav" ? all : longest->characters) * 1800 * 8);
  plan.program_bytes = kSpeechProgramBytes;
  plan.tensor_bytes += sound_bytes;
  plan.peak_bytes = plan.weight_bytes + plan.program_bytes + plan.tensor_bytes;
  plan.seconds = seconds_for(plan.flops);
  return plan;
}

}  // namespace ptah
