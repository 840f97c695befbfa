// POST /v1/audio/speech as OpenAI's clients call it: the recipe `say`, its sound as it comes.
#include <algorithm>
#include <array>
#include <cmath>
#include <mutex>

#include "base/base64.h"
#include "base/file.h"
#include "base/text.h"
#include "media/label.h"
#include "media/sound/sound_encoder.h"
#include "media/wav.h"
#include "serve/api/answers.h"
#include "serve/api/openai/openai_routes.h"

namespace ptah {

namespace {

constexpr const char* kSpeechFile = "speech.wav";
constexpr int64_t kSpeechRate = 24000;
constexpr size_t kMaxUnheard = 128 << 20;  ///< bytes; a player that plays while it reads takes 48,000 a second

/// OpenAI's names of voices, and what is nearest to them here.
constexpr std::array<std::pair<std::string_view, const char*>, 13> kNamedVoices{{{"alloy", "af_alloy"},
                                                                                 {"ash", "am_michael"},
                                                                                 {"ballad", "bm_george"},
                                                                                 {"cedar", "am_adam"},
                                                                                 {"coral", "af_bella"},
                                                                                 {"echo", "am_echo"},
                                                                                 {"fable", "bm_fable"},
                                                                                 {"marin", "af_heart"},
                                                                                 {"nova", "af_nova"},
                                                                                 {"onyx", "am_onyx"},
                                                                                 {"sage", "af_sarah"},
                                                                                 {"shimmer", "af_sky"},
                                                                                 {"verse", "am_puck"}}};

constexpr std::array<std::string_view, 4> kSpeechFormats{"mp3", "opus", "wav", "pcm"};

const char* speech_type(const std::string& format) {
  return format == "mp3" ? "audio/mpeg" : format == "opus" ? "audio/ogg" : format == "wav" ? "audio/wav" : "audio/pcm";
}

struct SpeechAsking {
  Json request = Json::object();  ///< of `say`
  std::string format = "mp3";     ///< or opus, wav, pcm (samples alone)
  bool events = false;            ///< in base64 as server-sent events
};

tl::unexpected<Error> wrong_speech(const char* name, const std::string& why) { return fail_field(name, ErrorCode::invalid_argument, "`{}`: {}", name, why); }

/// A text, or `usual` if it is missing or null.
Result<std::string> speech_text(const Json& body, const char* name, const char* usual) {
  const Json value = body.value(name, Json());
  if (value.is_null()) return std::string(usual);
  if (!value.is_string()) return wrong_speech(name, "a text is expected");
  return value.get<std::string>();
}

Result<std::string> voice_of(const Json& body) {
  Json value = body.value("voice", Json());
  if (value.is_object()) value = value.value("id", Json());
  if (value.is_null()) return std::string("af_heart");
  if (!value.is_string()) return wrong_speech("voice", "a name is expected");
  std::string voice = value.get<std::string>();
  for (const auto& [named, here] : kNamedVoices)
    if (named == voice) return std::string(here);
  return voice;
}

Result<SpeechAsking> speech_asking(const Json& body) {
  SpeechAsking out;
  PTAH_TRY(const std::string model, speech_text(body, "model", "kokoro"));
  if (model != "kokoro" && model != "tts-1" && model != "tts-1-hd")
    return fail_field("model", ErrorCode::not_found, "`model`: there is no model '{}' that speaks; kokoro does", printable(model, 80));
  PTAH_TRY(const std::string text, speech_text(body, "input", ""));
  if (trimmed(text).empty()) return wrong_speech("input", "say what to say");
  PTAH_TRY(const std::string voice, voice_of(body));
  PTAH_TRY(out.format, speech_text(body, "response_format", "mp3"));
  if (std::find(kSpeechFormats.begin(), kSpeechFormats.end(), out.format) == kSpeechFormats.end())
    return wrong_speech("response_format", "mp3, opus, wav and pcm are made here");
  PTAH_TRY(const std::string stream, speech_text(body, "stream_format", "audio"));
  if (stream != "audio" && stream != "sse") return wrong_speech("stream_format", "audio and sse are possible");
  PTAH_TRY(const std::string manner, speech_text(body, "instructions", ""));
  if (!manner.empty()) return wrong_speech("instructions", "this model takes none");
  const Json speed = body.value("speed", Json());
  if (!speed.is_null() && !speed.is_number()) return wrong_speech("speed", "a number is expected");
  out.events = stream == "sse";
  out.request = {{"text", text}, {"voice", voice}};
  if (!speed.is_null()) out.request["speed"] = speed;
  return out;
}

/// The samples of a job that is done.
Result<std::string> samples_of(JobStore& store, const Job& job) {
  for (const JobOutput& output : job.outputs)
    if (output.name == kSpeechFile) {
      PTAH_TRY(const Bytes file, read_file(store.place_of(output)));
      PTAH_TRY(const Wav wav, parse_wav(file));
      for (const WavChunk& chunk : wav.chunks)
        if (chunk.type == "data") return std::string(chunk.data.begin(), chunk.data.end());
    }
  return fail(ErrorCode::internal, "{} has no sound", job_name(job.id));
}

/// A file that is written while its samples are made, with the mark that a machine made them.
class SpeechStream {
 public:
  SpeechStream(const std::string& format, int64_t job) : format_(format), label_(generated_label(fmt::format("job-{}", job), false)) {
    if (format == "mp3" || format == "opus") encoder_ = value_or_throw(sound_encoder(format, kSpeechRate, label_));
  }
  /// Samples of 16 bits in, bytes of the file out.
  std::string add(std::string_view pcm, bool last) {
    Bytes out;
    if (encoder_) {
      std::vector<float> sound;
      for (size_t at = 0; at + 1 < pcm.size(); at += 2)
        sound.push_back(static_cast<float>(static_cast<int16_t>(static_cast<uint8_t>(pcm[at]) | static_cast<uint8_t>(pcm[at + 1]) << 8)) / 32768.0F);
      encoder_->add(sound, out);
      if (last) encoder_->end(out);
      return {out.begin(), out.end()};
    }
    if (format_ == "wav" && !begun_) out = value_or_throw(wav_file({}, kSpeechRate, label_, true));
    begun_ = true;
    std::string file(out.begin(), out.end());
    return file += pcm;
  }

 private:
  std::string format_, label_;
  std::unique_ptr<SoundEncoder> encoder_;
  bool begun_ = false;
};

/// What one client has heard of a job; told from several threads.
class Hearing {
 public:
  Hearing(const SpeechAsking& asked, int64_t job) : asked_(asked), stream_(asked.format, job) {}
  /// Sound that begins `at` so many bytes; what was heard already is left out, and what does not follow it waits for the end. `last`: nothing comes behind it.
  std::string news(size_t at, std::string_view pcm, bool last = false) {
    const std::lock_guard lock(mutex_);
    if (!last && (at > heard_ || at + pcm.size() <= heard_)) return {};
    pcm.remove_prefix(std::min(pcm.size(), heard_ - std::min(at, heard_)));
    heard_ += pcm.size();
    const std::string out = stream_.add(pcm, last);
    if (out.empty()) return {};
    return asked_.events ? HttpStream::event(Json{{"type", "speech.audio.delta"}, {"audio", to_base64(as_bytes(out))}}.dump()) : out;
  }

 private:
  const SpeechAsking asked_;
  std::mutex mutex_;
  SpeechStream stream_;
  size_t heard_ = 0;
};

EventShape speech_shape(JobService& service, const SpeechAsking& asked, int64_t job) {
  const auto hearing = std::make_shared<Hearing>(asked, job);
  EventShape shape;
  shape.sound = [hearing](const JobSound& sound) { return hearing->news(sound.at, sound.pcm); };
  shape.event = [&service, hearing, events = asked.events](const JobEvent& event) -> std::string {
    const std::string what = text_at(event.what, "event");
    std::string out;
    if (what == "done") {
      const auto whole = guard([&] { return samples_of(service.store(), service.stored(event.job)); });
      if (whole) out = hearing->news(0, *whole, true);
      const Json usage{{"input_tokens", 0}, {"output_tokens", 0}, {"total_tokens", 0}};
      if (events) out += HttpStream::event(Json{{"type", "speech.audio.done"}, {"usage", usage}}.dump());
    }
    if (events && what == "failed") out = HttpStream::event(*api_error(service.stored(event.job).error, 400).body, "error");
    if (events && what == "cancelled") out = HttpStream::event(*api_error(499, "the job was cancelled", "cancelled").body, "error");
    return out;
  };
  shape.left = [&service, job] { service.release(job); };
  return shape;
}

HttpResponse speak(ApiServer& server, const HttpRequest& request, const ApiServer::Caller& caller) {
  const auto body = body_of_request(request);
  if (!body) return api_error(body.error(), 400);
  const auto asked = speech_asking(*body);
  if (!asked)
    return asked.error().code == ErrorCode::not_found ? api_error(404, asked.error().message, "model_not_found", "model") : api_error(asked.error(), 400);
  if (auto refusal = server.no_more(caller, true)) return *refusal;
  JobService& service = server.service();
  const auto job = service.ask("say", asked->request, caller.name, JobService::For::now);
  if (!job) return api_error(job.error(), 400);
  HttpResponse out;
  if (job->made && !asked->events && asked->format == "wav") {
    for (const JobOutput& output : service.stored(job->id).outputs)
      if (output.name == kSpeechFile) out = file_answer(request, service.store().place_of(output), output.sha256, "audio/wav");
  } else {
    service.hold(job->id);
    out.stream = service.events().follow(job->id, speech_shape(service, *asked, job->id), kMaxUnheard);
    out.content_type = asked->events ? "text/event-stream" : speech_type(asked->format);
  }
  out.headers.emplace_back("X-Ptah-Job", job_name(job->id));
  return out;
}

}  // namespace

void add_speech_routes(ApiServer& server) {
  server.add(
      "POST", "/v1/audio/speech", ApiServer::Needs::making, [&server](const HttpRequest& in, const ApiServer::Caller& who) { return speak(server, in, who); },
      server.max_request_bytes());
}

}  // namespace ptah
