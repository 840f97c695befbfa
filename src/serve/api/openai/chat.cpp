// POST /v1/chat/completions as OpenAI's clients call it.
#include "jobs/language_answers.h"
#include "serve/api/openai/chat_asking.h"
#include "serve/api/openai/language_request.h"
#include "serve/api/openai/openai_routes.h"
#include "serve/api/openai/tools.h"

namespace ptah {

namespace {

std::string call_id(int64_t job, size_t index) { return fmt::format("call_{}_{}", job, index); }

Json tool_call(int64_t job, size_t index, const std::string& call) {
  const WrittenCall written = written_call(call);
  return {{"id", call_id(job, index)}, {"type", "function"}, {"function", {{"name", written.name}, {"arguments", written.arguments}}}};
}

Json chat_choice(const Job& job, size_t index) {
  const std::string text = text_at(job.facts, "text");
  Json message{{"role", "assistant"}, {"content", text}, {"refusal", nullptr}};
  const Json calls = job.facts.value("calls", Json::array());
  if (!calls.empty()) {
    if (text.empty()) message["content"] = nullptr;
    message["tool_calls"] = Json::array();
    for (size_t i = 0; i < calls.size(); ++i) message["tool_calls"].push_back(tool_call(job.id, i, calls[i].get<std::string>()));
  }
  const Json logprobs = job.facts.contains("logprobs") ? Json{{"content", job.facts["logprobs"]}, {"refusal", nullptr}} : Json();
  return {{"index", index}, {"message", std::move(message)}, {"logprobs", logprobs}, {"finish_reason", finish_reason(job.facts)}};
}

/// What all chunks of an answer begin with.
Json chat_chunk(const Job& job, Json choices) {
  return {{"id", "chatcmpl-" + job_name(job.id)},
          {"object", "chat.completion.chunk"},
          {"created", job.created},
          {"model", text_at(job.fields, "model")},
          {"choices", std::move(choices)}};
}

/// Tells a job as OpenAI's stream of chunks.
class ChatChunks {
 public:
  ChatChunks(JobService& service, Job job, bool usage) : service_(service), job_(std::move(job)), usage_(usage) {}

  std::string operator()(const JobEvent& event) {
    out_.clear();
    unheard_.see(event);
    const std::string what = text_at(event.what, "event");
    if (!begun_ && (what == "text" || what == "call" || what == "done")) {
      begun_ = true;
      send({{"role", "assistant"}, {"content", what == "call" ? Json() : Json("")}, {"refusal", nullptr}});
    }
    if (what == "text") {
      Json logprobs;
      const std::string news = unheard_.text(event, &logprobs);
      if (!news.empty()) send({{"content", news}}, nullptr, logprobs.is_array() ? Json{{"content", logprobs}, {"refusal", nullptr}} : Json());
    }
    if (what == "call" && unheard_.call(event)) send_call(text_at(event.what, "call"));
    if (what == "done") finish();
    if (what == "failed") out_ += HttpStream::event(*language_error(service_.stored(job_.id).error).body);
    if (what == "cancelled") out_ += HttpStream::event(*api_error(499, "the job was cancelled", "cancelled").body);
    return std::exchange(out_, {});
  }

 private:
  void send(const Json& delta, const Json& reason = nullptr, const Json& logprobs = nullptr) {
    Json chunk = chat_chunk(job_, Json::array({{{"index", 0}, {"delta", delta}, {"logprobs", logprobs}, {"finish_reason", reason}}}));
    if (usage_) chunk["usage"] = nullptr;
    out_ += HttpStream::event(dumped(chunk));
  }
  void send_call(const std::string& json) {
    Json call = tool_call(job_.id, calls_, json);
    call["index"] = calls_++;
    const Json arguments = std::exchange(call["function"]["arguments"], "");
    send({{"tool_calls", Json::array({call})}});
    send({{"tool_calls", Json::array({{{"index", call["index"]}, {"function", {{"arguments", arguments}}}}})}});
  }
  void finish() {
    const Job done = service_.stored(job_.id);
    send(Json::object(), finish_reason(done.facts));
    if (usage_) {
      Json last = chat_chunk(job_, Json::array());
      last["usage"] = usage_of({done});
      out_ += HttpStream::event(dumped(last));
    }
    out_ += HttpStream::event("[DONE]");
  }

  JobService& service_;
  Job job_;
  bool usage_, begun_ = false;
  Unheard unheard_;
  size_t calls_ = 0;
  std::string out_;
};

HttpResponse chat(ApiServer& server, const HttpRequest& request, const ApiServer::Caller& caller) {
  const auto body = body_of_request(request);
  if (!body) return api_error(body.error(), 400);
  const auto asked = guard([&] { return chat_asking(*body, request.body, seed_of(request, caller.name)); });
  if (!asked) return language_error(asked.error());
  const auto jobs = server.ask_answers(kChatJob, asked->fields, asked->choices, caller);
  if (!jobs) return jobs.error();
  if (asked->stream) return server.streamed((*jobs)[0], request, ChatChunks(server.service(), server.service().stored((*jobs)[0]), asked->usage));
  const auto done = server.finished(*jobs, request);
  if (!done) return done.error();
  Json choices = Json::array();
  for (const Job& job : *done) choices.push_back(chat_choice(job, choices.size()));
  const Job& first = done->front();
  HttpResponse out = HttpResponse::text(dumped({{"id", "chatcmpl-" + job_name(first.id)},
                                                {"object", "chat.completion"},
                                                {"created", first.created},
                                                {"model", text_at(first.fields, "model")},
                                                {"choices", std::move(choices)},
                                                {"usage", usage_of(*done)},
                                                {"system_fingerprint", nullptr}}),
                                        "application/json");
  out.headers = {{"X-Ptah-Job", job_name(first.id)}};
  return out;
}

}  // namespace

void add_chat_routes(ApiServer& server) {
  server.add(
      "POST", "/v1/chat/completions", ApiServer::Needs::making,
      [&server](const HttpRequest& in, const ApiServer::Caller& who) { return chat(server, in, who); }, server.max_request_bytes());
}

}  // namespace ptah
