#include "serve/api/openai/response_object.h"

#include "serve/api/openai/tools.h"

namespace ptah {

namespace {

const char* response_status(const Job& job) {
  switch (job.state) {
    case JobState::queued:
      return "queued";
    case JobState::running:
      return "in_progress";
    case JobState::done:
      return std::string_view(finish_reason(job.facts)) == "length" ? "incomplete" : "completed";
    case JobState::failed:
      return "failed";
    case JobState::cancelled:
      break;
  }
  return "cancelled";
}

Json text_part(const std::string& text) { return {{"type", "output_text"}, {"text", text}, {"annotations", Json::array()}, {"logprobs", Json::array()}}; }

Json message_item(int64_t job, const char* status, Json content) {
  return {{"id", fmt::format("msg_{}", job)}, {"type", "message"}, {"status", status}, {"role", "assistant"}, {"content", std::move(content)}};
}

Json call_item(int64_t job, size_t number, const char* status, const WrittenCall& call, const std::string& arguments) {
  return {{"id", fmt::format("fc_{}_{}", job, number)},        {"type", "function_call"}, {"status", status},
          {"call_id", fmt::format("call_{}_{}", job, number)}, {"name", call.name},       {"arguments", arguments}};
}

Json response_usage(const Json& facts) {
  const int64_t prompt = facts.value("prompt_tokens", int64_t{0}), answer = facts.value("tokens", int64_t{0});
  return {{"input_tokens", prompt},
          {"input_tokens_details", {{"cached_tokens", 0}}},
          {"output_tokens", answer},
          {"output_tokens_details", {{"reasoning_tokens", 0}}},
          {"total_tokens", prompt + answer}};
}

}  // namespace

std::string response_name(int64_t job) { return fmt::format("resp_{}", job); }

std::string job_of_response(std::string_view name) {
  constexpr std::string_view kBegin = "resp_";
  return name.starts_with(kBegin) ? "job_" + std::string(name.substr(kBegin.size())) : std::string();
}

Json response_object(const Job& job) {
  Json out = job.fields.value("response", Json::object()).value("echo", Json::object());
  out.update({{"id", response_name(job.id)},
              {"object", "response"},
              {"created_at", job.created},
              {"completed_at", job.state == JobState::done ? Json(job.ended) : Json()},
              {"status", response_status(job)},
              {"model", text_at(job.fields, "model")},
              {"temperature", job.fields.value("temperature", Json())},
              {"top_p", job.fields.value("top_p", Json())},
              {"error", nullptr},
              {"incomplete_details", nullptr},
              {"usage", nullptr},
              {"output", Json::array()}});
  if (job.state == JobState::failed) {
    const HttpResponse error = language_error(job.error);
    const Json said = Json::parse(*error.body)["error"];
    out["error"] = {{"code", said["code"].is_null() ? Json("server_error") : said["code"]}, {"message", said["message"]}};
  }
  if (job.state != JobState::done) return out;
  const std::string text = text_at(job.facts, "text");
  const Json calls = job.facts.value("calls", Json::array());
  if (out["status"] == "incomplete") out["incomplete_details"] = {{"reason", "max_output_tokens"}};
  const char* item_status = out["status"] == "incomplete" && calls.empty() ? "incomplete" : "completed";
  if (!text.empty() || calls.empty()) out["output"].push_back(message_item(job.id, item_status, Json::array({text_part(text)})));
  for (size_t i = 0; i < calls.size(); ++i) {
    const WrittenCall call = written_call(calls[i].get<std::string>());
    out["output"].push_back(call_item(job.id, i, "completed", call, call.arguments));
  }
  out["usage"] = response_usage(job.facts);
  return out;
}

void ResponseEvents::say(const char* type, Json event) {
  const int64_t number = number_++;
  if (number <= after_) return;
  event["type"] = type;
  event["sequence_number"] = number;
  out_ += HttpStream::event(dumped(event), type);
}

void ResponseEvents::say_state(const char* type, const Job& job) { say(type, {{"response", response_object(job)}}); }

void ResponseEvents::open_text() {
  if (text_open_) return;
  text_open_ = true;
  say("response.output_item.added", {{"output_index", index_}, {"item", message_item(job_.id, "in_progress", Json::array())}});
  say("response.content_part.added", {{"item_id", fmt::format("msg_{}", job_.id)}, {"output_index", index_}, {"content_index", 0}, {"part", text_part("")}});
}

void ResponseEvents::close_text() {
  if (!text_open_) return;
  text_open_ = false;
  const Json place{{"item_id", fmt::format("msg_{}", job_.id)}, {"output_index", index_}, {"content_index", 0}};
  Json text = place, part = place;
  text.update({{"text", text_}, {"logprobs", Json::array()}});
  part["part"] = text_part(text_);
  say("response.output_text.done", text);
  say("response.content_part.done", part);
  say("response.output_item.done", {{"output_index", index_}, {"item", message_item(job_.id, "completed", Json::array({text_part(text_)}))}});
  ++index_;
}

void ResponseEvents::say_call(const std::string& json) {
  close_text();
  const WrittenCall call = written_call(json);
  const std::string id = fmt::format("fc_{}_{}", job_.id, calls_);
  say("response.output_item.added", {{"output_index", index_}, {"item", call_item(job_.id, calls_, "in_progress", call, "")}});
  say("response.function_call_arguments.delta", {{"item_id", id}, {"output_index", index_}, {"delta", call.arguments}});
  say("response.function_call_arguments.done", {{"item_id", id}, {"output_index", index_}, {"name", call.name}, {"arguments", call.arguments}});
  say("response.output_item.done", {{"output_index", index_}, {"item", call_item(job_.id, calls_, "completed", call, call.arguments)}});
  ++index_;
  ++calls_;
}

void ResponseEvents::finish() {
  const Job done = service_.stored(job_.id);
  if (index_ == 0) open_text();
  close_text();
  say_state(std::string_view(response_status(done)) == "incomplete" ? "response.incomplete" : "response.completed", done);
}

std::string ResponseEvents::operator()(const JobEvent& event) {
  out_.clear();
  unheard_.see(event);
  const std::string what = text_at(event.what, "event");
  if (!created_) {
    created_ = true;
    Job begun = job_;
    begun.state = JobState::queued;
    say_state("response.created", begun);
  }
  if (what == "running" && !running_) {
    running_ = true;
    Job begun = job_;
    begun.state = JobState::running;
    say_state("response.in_progress", begun);
  }
  if (what == "text") {
    if (const std::string news = unheard_.text(event); !news.empty()) {
      open_text();
      text_ += news;
      say("response.output_text.delta",
          {{"item_id", fmt::format("msg_{}", job_.id)}, {"output_index", index_}, {"content_index", 0}, {"delta", news}, {"logprobs", Json::array()}});
    }
  }
  if (what == "call" && unheard_.call(event)) say_call(text_at(event.what, "call"));
  if (what == "done") finish();
  if (what == "failed") say_state("response.failed", service_.stored(job_.id));
  if (what == "cancelled") say("error", {{"code", "cancelled"}, {"message", "the response was cancelled"}, {"param", nullptr}});
  return std::exchange(out_, {});
}

}  // namespace ptah
