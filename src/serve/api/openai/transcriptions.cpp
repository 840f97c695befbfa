// POST /v1/audio/transcriptions as OpenAI's clients call it: text, captions or JSON with the times of segments and words. Translations are refused.
#include <algorithm>
#include <array>
#include <cmath>

#include "base/sha256.h"
#include "base/text.h"
#include "jobs/language_answers.h"
#include "serve/api/openai/language_request.h"
#include "serve/api/openai/openai_routes.h"
#include "serve/http/multipart.h"

namespace ptah {

namespace {

constexpr std::array<std::string_view, 5> kTranscriptFormats{"json", "verbose_json", "text", "srt", "vtt"};
constexpr const char *kEnglishListener = "whisper-tiny.en", *kListener = "whisper-base";

struct ListeningAsked {
  Json fields = Json::object();  ///< of the job
  std::string format = "json";
  bool words = false, segments = true;  ///< in verbose_json
};

std::string_view form_value(const std::vector<FormPart>& parts, std::string_view name) {
  for (const FormPart& part : parts)
    if (part.name == name && !part.file_name) return part.body;
  return {};
}

/// "whisper-1" is the better one of those that are here.
Result<std::string> listener_named(const std::string& said) {
  const std::vector<Model> here = models_here();
  const auto is_here = [&](const std::string& name) { return std::any_of(here.begin(), here.end(), [&](const Model& model) { return model.name == name; }); };
  if (said.empty() || said == "whisper-1") {
    for (const char* name : {kListener, kEnglishListener})
      if (is_here(name)) return std::string(name);
    return fail_field("model", ErrorCode::not_found, "`model`: no model that listens is here; ptah pull {} fetches one", kEnglishListener);
  }
  if (said != kListener && said != kEnglishListener)
    return fail_field("model", ErrorCode::not_found, "`model`: there is no model '{}' that listens; whisper-1, {} and {} are known", printable(said, 80),
                      kListener, kEnglishListener);
  if (!is_here(said)) return fail_field("model", ErrorCode::not_found, "`model`: {} is not here; ptah pull {} fetches it", said, said);
  return said;
}

Result<ListeningAsked> listening_asked(ApiServer& server, const HttpRequest& request, const std::string& owner) {
  PTAH_TRY(const std::vector<FormPart> parts, parse_form(request.header("content-type"), request.body));
  ListeningAsked out;
  PTAH_TRY(const std::string model, listener_named(std::string(form_value(parts, "model"))));
  const std::string language(form_value(parts, "language"));
  if (language.size() > 8 || !std::all_of(language.begin(), language.end(), [](char c) { return c >= 'a' && c <= 'z'; }))
    return wrong_member("language", "a short name is expected, such as en or de");
  if (const auto format = form_value(parts, "response_format"); !format.empty()) out.format = format;
  if (std::find(kTranscriptFormats.begin(), kTranscriptFormats.end(), out.format) == kTranscriptFormats.end())
    return wrong_member("response_format", "json, verbose_json, text, srt and vtt are made here");
  if (!form_value(parts, "prompt").empty()) return wrong_member("prompt", "this model takes none");
  if (form_value(parts, "stream") == "true") return wrong_member("stream", "a transcript comes whole");
  bool named = false;
  for (const FormPart& part : parts) {
    if (part.name != "timestamp_granularities[]" && part.name != "timestamp_granularities") continue;
    if (part.body != "word" && part.body != "segment") return wrong_member("timestamp_granularities", "word and segment are possible");
    if (out.format != "verbose_json") return wrong_member("timestamp_granularities", "only with the response_format verbose_json");
    if (!std::exchange(named, true)) out.segments = false;
    (part.body == "word" ? out.words : out.segments) = true;
  }
  const auto file = std::find_if(parts.begin(), parts.end(), [](const FormPart& part) { return part.name == "file" && part.file_name; });
  if (file == parts.end()) return wrong_member("file", "a file with sound is needed");
  const std::string sha256 = sha256_hex(as_bytes(file->body));
  PTAH_TRY_VOID(server.service().files().put(owner, sha256, as_bytes(file->body)));
  PTAH_TRY(const auto place, server.service().files().find(owner, sha256));
  out.fields = {{"model", model}, {"sound", place.string()}, {"language", language}, {"words", out.words || out.format == "srt" || out.format == "vtt"}};
  return out;
}

/// As Whisper's own program writes it.
Json verbose_transcript(const Json& facts, const ListeningAsked& asked) {
  Json out = {{"task", "transcribe"}, {"language", text_at(facts, "language")}, {"duration", facts.value("seconds", 0.0)}, {"text", text_at(facts, "text")}};
  Json segments = Json::array(), words = Json::array();
  for (const Json& one : facts.value("segments", Json::array())) {
    for (const Json& word : one.value("words", Json::array())) words.push_back({{"word", word["word"]}, {"start", word["begin"]}, {"end", word["end"]}});
    segments.push_back({{"id", segments.size()},
                        {"seek", static_cast<int64_t>(std::floor(one.value("begin", 0.0) * 100))},
                        {"start", one["begin"]},
                        {"end", one["end"]},
                        {"text", " " + text_at(one, "text")},
                        {"tokens", one.value("tokens", Json::array())},
                        {"temperature", 0.0},
                        {"avg_logprob", one.value("mean_log_probability", 0.0)},
                        {"compression_ratio", one.value("compression_ratio", 1.0)},
                        {"no_speech_prob", one.value("no_speech", 0.0)}});
  }
  if (asked.segments) out["segments"] = std::move(segments);
  if (asked.words) out["words"] = std::move(words);
  return out;
}

HttpResponse listen(ApiServer& server, const HttpRequest& request, const ApiServer::Caller& caller) {
  const auto asked = guard([&] { return listening_asked(server, request, caller.name); });
  if (!asked)
    return asked.error().code == ErrorCode::not_found ? api_error(404, asked.error().message, "model_not_found", "model") : api_error(asked.error(), 400);
  const auto jobs = server.ask_answers(kTranscribeJob, asked->fields, 1, caller);
  if (!jobs) return jobs.error();
  const auto done = server.finished(*jobs, request);
  if (!done) return done.error();
  const Json& facts = done->front().facts;
  HttpResponse out;
  if (asked->format == "verbose_json")
    out = HttpResponse::of(verbose_transcript(facts, *asked));
  else if (asked->format == "json")
    out = HttpResponse::of({{"text", text_at(facts, "text")}, {"usage", {{"type", "duration"}, {"seconds", std::ceil(facts.value("seconds", 0.0))}}}});
  else if (asked->format == "text")
    out = HttpResponse::text(text_at(facts, "text") + "\n", "text/plain; charset=utf-8");
  else
    out = HttpResponse::text(text_at(facts, asked->format.c_str()), asked->format == "vtt" ? "text/vtt; charset=utf-8" : "text/plain; charset=utf-8");
  out.headers.emplace_back("X-Ptah-Job", job_name(done->front().id));
  return out;
}

}  // namespace

void add_transcription_routes(ApiServer& server) {
  server.add(
      "POST", "/v1/audio/transcriptions", ApiServer::Needs::making,
      [&server](const HttpRequest& in, const ApiServer::Caller& who) { return listen(server, in, who); }, server.max_blob_bytes());
  server.add(
      "POST", "/v1/audio/translations", ApiServer::Needs::making,
      [](const HttpRequest&, const ApiServer::Caller&) {
        return api_error(400, "speech is not translated here; POST /v1/audio/transcriptions gives the text in the language that is spoken", "unsupported");
      },
      server.max_blob_bytes());
}

}  // namespace ptah
