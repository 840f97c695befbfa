#include "pipelines/speech/say_work.h"

#include <algorithm>
#include <cmath>

#include "base/budget.h"
#include "base/file.h"
#include "base/text.h"
#include "media/label.h"
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
              .help = "what is said, in English, plain or as SSML; an empty line makes a longer pause",
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

Result<Json> speaker_digests(const Speaker& speaker, const SayTask& request) {
  Json out = Json::object();
  for (const auto& file : speaker.files(speak_request(request))) {
    PTAH_TRY(out[file.filename().string()], file_id(file));
  }
  return out;
}

}  // namespace

Result<Work> say_work(const Speaker& speaker, const SayTask& request, const ProgressCallback& progress, const CancelToken* cancel, bool receipt,
                      const SoundListener& heard) {
  return guard([&]() -> Result<Work> {
    stop_if_cancelled(cancel);
    const SpeakRequest how = speak_request(request);
    PTAH_TRY(const auto utterances, speaker.read(how));
    size_t all = 0, done = 0;
    for (const Utterance& utterance : utterances) all += utterance.characters;
    Bytes samples;  // of 16 bits: a chapter of an hour is long enough
    const Speech speech = speaker.say(how, utterances, cancel, [&](size_t count, std::span<const float> sound) {
      append_samples(samples, sound);
      if (heard) heard(sound);
      done += utterances[count - 1].characters;
      if (progress) progress({"say", 0.98 * static_cast<double>(done) / static_cast<double>(all), -1});
    });
    Work work;
    Json core = begun_receipt(kSpeechKind, say_schema().to_receipt(request));
    PTAH_TRY(core["models"], speaker_digests(speaker, request));
    PTAH_TRY(const std::string begun, canonical_json(core));
    const double seconds = static_cast<double>(samples.size() / 2) / static_cast<double>(speech.rate);
    PTAH_TRY(work.files["speech.wav"], wav_file(std::move(samples), speech.rate, generated_label(file_id(as_bytes(begun)), false)));
    if (request.captions) {
      work.files["captions.vtt"] = caption_bytes(webvtt_of(speech.words));
      work.files["captions.srt"] = caption_bytes(srt_of(speech.words));
      work.files["words.json"] = caption_bytes(word_times(speech.words, true).dump(1) + "\n");
    }
    work.facts = {{"seconds", seconds}, {"words", word_times(speech.words, false)}};
    if (receipt) PTAH_TRY_VOID(seal(work, core));
    if (progress) progress({"done", 1, 0});
    return work;
  });
}

Result<Work> replay_say(const Speaker& speaker, const SayTask& request, const Json& receipt, const ProgressCallback& progress, const CancelToken* cancel) {
  PTAH_TRY(const Json digests, speaker_digests(speaker, request));
  if (digests != receipt.value("models", Json()))
    return fail(ErrorCode::mismatch, "the files of the model '{}' are not those the speech was made with", request.model);
  return say_work(speaker, request, progress, cancel);
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
  const auto sound_bytes = static_cast<int64_t>(static_cast<double>(all) * 1800 * 8);
  plan.program_bytes = kSpeechProgramBytes;
  plan.tensor_bytes += sound_bytes;
  plan.peak_bytes = plan.weight_bytes + plan.program_bytes + plan.tensor_bytes;
  plan.seconds = seconds_for(plan.flops);
  return plan;
}

}  // namespace ptah
