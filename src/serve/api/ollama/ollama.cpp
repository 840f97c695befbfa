#include <ctime>

#include "base/base64.h"
#include "base/text.h"
#include "jobs/language_answers.h"
#include "serve/api/ollama/ollama_request.h"
#include "serve/api/ollama/ollama_routes.h"
#include "serve/api/openai/chat_asking.h"
#include "serve/api/openai/completions.h"
#include "serve/api/openai/language_request.h"
#include "serve/api/openai/tools.h"

#include <cstring>

namespace ptah {

namespace {

constexpr const char* kLines = "application/x-ndjson";
enum class OllamaKind { chat, generate };

std::string ollama_time(int64_t seconds) {
  const std::time_t when = seconds;
  std::tm t{};
  gmtime_r(&when, &t);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec);
}

/// {"error": …}, which is all that these clients read.
HttpResponse ollama_error(const HttpResponse& of) {
  const Json said = Json::parse(*of.body, nullptr, false);
  const Json error = said.is_object() ? said.value("error", Json()) : Json();
  HttpResponse out = HttpResponse::error(of.status, error.is_object() ? text_at(error, "message") : "the request failed");
  out.headers = of.headers;
  return out;
}

Json ollama_calls(const Json& calls) {
  Json out = Json::array();
  for (const Json& one : calls) {
    const WrittenCall call = written_call(one.get<std::string>());
    out.push_back({{"function", {{"name", call.name}, {"arguments", Json::parse(call.arguments)}}}});
  }
  return out;
}

/// A line of an answer; `calls` may be null.
Json ollama_line(OllamaKind kind, const Job& job, const std::string& text, const Json& calls) {
  Json out{{"model", text_at(job.fields, "model")}, {"created_at", ollama_time(job.created)}, {"done", false}};
  if (kind == OllamaKind::generate) {
    out["response"] = text;
  } else {
    out["message"] = {{"role", "assistant"}, {"content", text}};
    if (calls.is_array() && !calls.empty()) out["message"]["tool_calls"] = ollama_calls(calls);
  }
  return out;
}

/// Makes a line the last one.
void end_line(Json& line, const Job& job) {
  const auto nanoseconds = static_cast<int64_t>(job.seconds * 1e9);
  line.update({{"done", true},
               {"done_reason", std::string_view(finish_reason(job.facts)) == "length" ? "length" : "stop"},
               {"total_duration", nanoseconds},
               {"load_duration", 0},
               {"prompt_eval_count", job.facts.value("prompt_tokens", int64_t{0})},
               {"prompt_eval_duration", 0},
               {"eval_count", job.facts.value("tokens", int64_t{0})},
               {"eval_duration", nanoseconds}});
}

class OllamaLines {
 public:
  OllamaLines(JobService& service, Job job, OllamaKind kind) : service_(service), job_(std::move(job)), kind_(kind) {}

  std::string operator()(const JobEvent& event) {
    unheard_.see(event);
    const std::string what = text_at(event.what, "event");
    Json line;
    if (what == "text") {
      const std::string news = unheard_.text(event);
      if (news.empty()) return {};
      line = ollama_line(kind_, job_, news, nullptr);
    } else if (what == "call" && unheard_.call(event)) {
      line = ollama_line(kind_, job_, "", Json::array({event.what["call"]}));
    } else if (what == "done") {
      line = ollama_line(kind_, job_, "", nullptr);
      end_line(line, service_.stored(job_.id));
    } else if (what == "failed") {
      line = {{"error", service_.stored(job_.id).error.message}};
    } else if (what == "cancelled") {
      line = {{"error", "the job was cancelled"}};
    } else {
      return {};
    }
    return dumped(line) + "\n";
  }

 private:
  JobService& service_;
  Job job_;
  OllamaKind kind_;
  Unheard unheard_;
};

struct OllamaAsking {
  const char* job = kChatJob;
  Json fields;
  bool stream = true;
};

Result<OllamaAsking> ollama_asking(const Json& body, const std::string& sent, OllamaKind kind, uint64_t seed) {
  OllamaAsking out;
  if (const Json stream = body.value("stream", Json()); !stream.is_null()) {
    PTAH_TRY(out.stream, switch_member(body, "stream"));
  }
  PTAH_TRY(const bool raw, switch_member(body, "raw"));
  const OrderedJson ordered = OrderedJson::parse(sent);
  if (kind == OllamaKind::generate && raw) {
    PTAH_TRY(const OrderedJson asked, openai_completion_of(ordered));
    PTAH_TRY(out.fields, completion_fields(Json::parse(asked.dump()), seed));
    out.job = kCompletionJob;
    return out;
  }
  PTAH_TRY(const OrderedJson asked, openai_chat_of(ordered));
  const std::string text = asked.dump();
  PTAH_TRY(const ChatAsking chat, chat_asking(Json::parse(text), text, seed));
  out.fields = chat.fields;
  return out;
}

HttpResponse ollama_answer(ApiServer& server, const HttpRequest& request, const ApiServer::Caller& caller, OllamaKind kind) {
  const auto body = body_of_request(request);
  if (!body) return ollama_error(api_error(body.error(), 400));
  const auto asked = guard([&] { return ollama_asking(*body, request.body, kind, seed_of(request, caller.name)); });
  if (!asked) return ollama_error(language_error(asked.error()));
  const auto jobs = server.ask_answers(asked->job, asked->fields, 1, caller);
  if (!jobs) return ollama_error(jobs.error());
  if (asked->stream) {
    HttpResponse out = server.streamed((*jobs)[0], request, OllamaLines(server.service(), server.service().stored((*jobs)[0]), kind), kLines);
    return out.stream ? out : ollama_error(out);
  }
  const auto done = server.finished(*jobs, request);
  if (!done) return ollama_error(done.error());
  const Job& job = done->front();
  Json line = ollama_line(kind, job, text_at(job.facts, "text"), job.facts.value("calls", Json()));
  end_line(line, job);
  HttpResponse out = HttpResponse::text(dumped(line), "application/json");
  out.headers = {{"X-Ptah-Job", job_name(job.id)}};
  return out;
}

/// `old`: /api/embeddings, of one text.
HttpResponse ollama_embed(ApiServer& server, const HttpRequest& request, const ApiServer::Caller& caller, bool old) {
  const auto body = body_of_request(request);
  if (!body) return ollama_error(api_error(body.error(), 400));
  Json asked = *body;
  asked["model"] = ollama_model(text_at(asked, "model"));
  const auto model = model_of(asked, "minilm");
  if (!model) return ollama_error(language_error(model.error()));
  const Json input = asked.value(old ? "prompt" : "input", Json());
  const Json texts = input.is_string() ? Json::array({input}) : input;
  const bool right =
      texts.is_array() && !texts.empty() && texts.size() <= 2048 && std::all_of(texts.begin(), texts.end(), [](const Json& one) { return one.is_string(); });
  if (!right) return HttpResponse::error(400, "input: a text, or 1 to 2048 of them");
  const auto jobs = server.ask_answers(kEmbedJob, {{"model", *model}, {"texts", texts}}, 1, caller);
  if (!jobs) return ollama_error(jobs.error());
  const auto done = server.finished(*jobs, request);
  if (!done) return ollama_error(done.error());
  const Job& job = done->front();
  const auto bytes = from_base64(text_at(job.facts, "vectors"));
  const auto width = job.facts.value("width", size_t{0});
  if (!bytes || width == 0) return HttpResponse::error(500, "the vectors cannot be read");
  Json vectors = Json::array();
  for (size_t at = 0; at + width * sizeof(float) <= bytes->size(); at += width * sizeof(float)) {
    std::vector<float> one(width);
    std::memcpy(one.data(), bytes->data() + at, width * sizeof(float));
    vectors.push_back(one);
  }
  const auto nanoseconds = static_cast<int64_t>(job.seconds * 1e9);
  HttpResponse out = HttpResponse::of(old ? Json{{"embedding", vectors[0]}}
                                          : Json{{"model", *model},
                                                 {"embeddings", vectors},
                                                 {"total_duration", nanoseconds},
                                                 {"load_duration", 0},
                                                 {"prompt_eval_count", job.facts.value("prompt_tokens", int64_t{0})}});
  out.headers = {{"X-Ptah-Job", job_name(job.id)}};
  return out;
}

Json ollama_details(const Model& model) {
  const std::string file = model.files.empty() ? model.place.string() : model.files.front().first;
  return {{"parent_model", ""},   {"format", file.ends_with(".gguf") ? "gguf" : "safetensors"},
          {"family", model.name}, {"families", Json::array({model.name})},
          {"parameter_size", ""}, {"quantization_level", ""}};
}

Json ollama_listed(const Model& model) {
  return {{"name", model.name},
          {"model", model.name},
          {"modified_at", ollama_time(0)},
          {"size", model.bytes},
          {"digest", model.files.empty() ? "" : model.files.front().second},
          {"details", ollama_details(model)}};
}

HttpResponse ollama_show(const HttpRequest& request) {
  const auto body = body_of_request(request);
  if (!body) return ollama_error(api_error(body.error(), 400));
  const std::string wanted = text_at(*body, body->contains("model") ? "model" : "name");
  for (const Model& model : models_here())
    if (model.name == ollama_model(wanted))
      return HttpResponse::of({{"license", model.licence},
                               {"modelfile", ""},
                               {"parameters", ""},
                               {"template", ""},
                               {"details", ollama_details(model)},
                               {"model_info", {{"general.basename", model.name}}},
                               {"capabilities", model.name == "minilm" ? Json::array({"embedding"}) : Json::array({"completion", "tools"})},
                               {"modified_at", ollama_time(0)}});
  return HttpResponse::error(404, fmt::format("model '{}' not found", printable(wanted, 80)));
}

}  // namespace

void add_ollama_routes(ApiServer& server) {
  using In = HttpRequest;
  using Caller = ApiServer::Caller;
  const auto making = ApiServer::Needs::making, looking = ApiServer::Needs::looking;
  const size_t max = server.max_request_bytes();
  server.add("GET", "/api/version", looking, [](const In&, const Caller&) { return HttpResponse::of({{"version", kEngineVersion}}); });
  server.add("GET", "/api/tags", looking, [](const In&, const Caller&) {
    Json list = Json::array();
    for (const Model& model : models_here()) list.push_back(ollama_listed(model));
    return HttpResponse::of({{"models", std::move(list)}});
  });
  server.add("GET", "/api/ps", looking, [](const In&, const Caller&) { return HttpResponse::of({{"models", Json::array()}}); });
  server.add(
      "POST", "/api/show", looking, [](const In& in, const Caller&) { return ollama_show(in); }, max);
  server.add(
      "POST", "/api/chat", making, [&server](const In& in, const Caller& who) { return ollama_answer(server, in, who, OllamaKind::chat); }, max);
  server.add(
      "POST", "/api/generate", making, [&server](const In& in, const Caller& who) { return ollama_answer(server, in, who, OllamaKind::generate); }, max);
  server.add(
      "POST", "/api/embed", making, [&server](const In& in, const Caller& who) { return ollama_embed(server, in, who, false); }, max);
  server.add(
      "POST", "/api/embeddings", making, [&server](const In& in, const Caller& who) { return ollama_embed(server, in, who, true); }, max);
}

}  // namespace ptah
