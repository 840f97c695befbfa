// /v1/responses as OpenAI's clients call it: answers that can be looked up, followed from anywhere, cancelled and gone on with.
#include "apps/companion/chat_request.h"
#include "base/text.h"
#include "jobs/language_answers.h"
#include "serve/api/openai/chat_messages.h"
#include "serve/api/openai/openai_routes.h"
#include "serve/api/openai/response_object.h"
#include "serve/api/openai/tools.h"

namespace ptah {

namespace {

constexpr size_t kMaxEmptyBody = 4096;  ///< of a request that needs none

struct ResponseAsking {
  Json fields;  ///< of the job; "response" holds what it was asked with, and the conversation up to its answer
  bool stream = false, background = false;
};

/// An item of "input" as a message of a chat.
Result<Json> message_of_item(const Json& item) {
  const std::string type = item.is_object() ? text_at(item, "type") : "?";
  if (type == "function_call")
    return Json{
        {"role", "assistant"},
        {"content", nullptr},
        {"tool_calls", Json::array({{{"type", "function"}, {"function", {{"name", text_at(item, "name")}, {"arguments", text_at(item, "arguments")}}}}})}};
  if (type == "function_call_output") {
    PTAH_TRY(const std::string output, content_of(item.value("output", Json()), "input"));
    return Json{{"role", "tool"}, {"content", output}};
  }
  if ((type.empty() || type == "message") && item.contains("role")) return Json{{"role", item["role"]}, {"content", item.value("content", Json())}};
  return wrong_member("input", fmt::format("items of type '{}' are not understood; message, function_call and function_call_output are", printable(type, 40)));
}

/// What was said before a response and by it.
Result<Json> conversation_of(ApiServer& server, const std::string& owner, const std::string& response) {
  const auto job = server.service().find(job_of_response(response), owner);
  if (!job || !job->fields.contains("response") || job->state != JobState::done)
    return fail_field("previous_response_id", ErrorCode::not_found, "`previous_response_id`: there is no response '{}' that is complete",
                      printable(response, 60));
  Json out = job->fields["response"].value("conversation", Json::array());
  Json answer{{"role", "assistant"}, {"content", text_at(job->facts, "text")}};
  for (const Json& one : job->facts.value("calls", Json::array())) {
    const WrittenCall call = written_call(one.get<std::string>());
    answer["tool_calls"].push_back({{"type", "function"}, {"function", {{"name", call.name}, {"arguments", call.arguments}}}});
  }
  out.push_back(std::move(answer));
  return out;
}

Result<Json> conversation(ApiServer& server, const Json& body, const std::string& owner) {
  Json out = Json::array();
  if (const std::string previous = text_at(body, "previous_response_id"); !previous.empty()) {
    PTAH_TRY(out, conversation_of(server, owner, previous));
  }
  const Json input = body.value("input", Json());
  if (input.is_string()) {
    out.push_back({{"role", "user"}, {"content", input}});
    return out;
  }
  if (!input.is_array() || input.empty()) return wrong_member("input", "a text or a list of items is needed");
  for (const Json& item : input) {
    if (item.is_object() && text_at(item, "type") == "reasoning") continue;
    PTAH_TRY(Json message, message_of_item(item));
    out.push_back(std::move(message));
  }
  return out;
}

/// What a response says of its request, each with what it is if it was not said.
Json echo_of(const Json& body, const Json& format) {
  Json out = Json::object();
  for (const auto& [name, usual] : std::initializer_list<std::pair<const char*, Json>>{{"instructions", nullptr},
                                                                                       {"max_output_tokens", nullptr},
                                                                                       {"metadata", Json::object()},
                                                                                       {"parallel_tool_calls", true},
                                                                                       {"previous_response_id", nullptr},
                                                                                       {"reasoning", {{"effort", nullptr}, {"summary", nullptr}}},
                                                                                       {"store", true},
                                                                                       {"background", false},
                                                                                       {"tool_choice", "auto"},
                                                                                       {"tools", Json::array()},
                                                                                       {"truncation", "disabled"},
                                                                                       {"user", nullptr}}) {
    const Json value = body.value(name, Json());
    out[name] = value.is_null() ? usual : value;
  }
  out["text"] = {{"format", format.is_null() ? Json{{"type", "text"}} : format}};
  return out;
}

Result<ResponseAsking> response_asking(ApiServer& server, const Json& body, const std::string& sent, const std::string& owner, uint64_t seed) {
  ResponseAsking out;
  for (const char* name : {"conversation", "prompt", "max_tool_calls"})
    if (!body.value(name, Json()).is_null()) return fail_field(name, ErrorCode::invalid_argument, "`{}` is not supported", name);
  for (const char* name : {"instructions", "previous_response_id"})
    if (const Json value = body.value(name, Json()); !value.is_null() && !value.is_string()) return wrong_member(name, "a text is expected");
  if (const Json metadata = body.value("metadata", Json()); !metadata.is_null() && !metadata.is_object())
    return wrong_member("metadata", "an object is expected");
  PTAH_TRY(const std::string model, model_of(body, kUsualChatModel));
  const OrderedJson ordered = OrderedJson::parse(sent);
  PTAH_TRY(const AskedTools tools, tools_of(ordered));
  PTAH_TRY(const Json said, conversation(server, body, owner));
  Json messages = said;
  if (const std::string instructions = text_at(body, "instructions"); !instructions.empty())
    messages.insert(messages.begin(), Json{{"role", "system"}, {"content", instructions}});
  auto plain = messages_of(messages, tools.told);
  if (!plain) {
    Error error = plain.error();
    replace_all(error.message, "`messages`", "`input`");
    return tl::unexpected(std::move(error));
  }
  const OrderedJson text = ordered.value("text", OrderedJson::object());
  const OrderedJson format = text.is_object() ? text.value("format", OrderedJson()) : OrderedJson();
  PTAH_TRY(const std::string schema, schema_of_format(format, "text"));
  if (!schema.empty() && !tools.calls.is_null()) return wrong_member("text", "no format, where there are tools: the schema of a call is its function's");
  const GenerationOptions calm = calm_answers();
  out.fields = {{"model", model},
                {"messages", *plain},
                {"temperature", calm.sampling.temperature},
                {"top_p", calm.sampling.top_p},
                {"repetition_penalty", calm.sampling.repetition_penalty},
                {"dry_multiplier", calm.sampling.dry_multiplier},
                {"dry_allowed_length", calm.sampling.dry_allowed_length}};
  if (!schema.empty()) out.fields["schema"] = schema;
  if (!tools.calls.is_null()) out.fields["calls"] = tools.calls;
  PTAH_TRY_VOID(take_drawing(body, seed, {"max_output_tokens"}, out.fields));
  PTAH_TRY(out.stream, switch_member(body, "stream"));
  PTAH_TRY(out.background, switch_member(body, "background"));
  out.fields["response"] = {{"conversation", said}, {"echo", echo_of(body, Json::parse(format.dump()))}};
  return out;
}

HttpResponse response_answer(const Job& job) {
  HttpResponse out = HttpResponse::text(dumped(response_object(job)), "application/json");
  out.headers = {{"X-Ptah-Job", job_name(job.id)}};
  return out;
}

HttpResponse followed(ApiServer& server, const Job& job, int64_t after, bool held) {
  EventShape shape{.event = ResponseEvents(server.service(), job, after)};
  if (held) shape.left = [&server, id = job.id] { server.service().release(id); };
  HttpResponse out = HttpResponse::events(server.service().events().follow(job.id, std::move(shape)));
  out.headers = {{"X-Ptah-Job", job_name(job.id)}};
  return out;
}

HttpResponse respond(ApiServer& server, const HttpRequest& request, const ApiServer::Caller& caller) {
  const auto body = body_of_request(request);
  if (!body) return api_error(body.error(), 400);
  const auto asked = guard([&] { return response_asking(server, *body, request.body, caller.name, seed_of(request, caller.name)); });
  if (!asked) return language_error(asked.error());
  if (asked->background) {
    if (auto refusal = server.no_more(caller, false)) return *refusal;
    const auto job = server.service().ask_answer(kChatJob, asked->fields, caller.name, JobService::For::later);
    if (!job) return api_error(job.error());
    return asked->stream ? followed(server, server.service().stored(job->id), -1, false) : response_answer(server.service().stored(job->id));
  }
  const auto jobs = server.ask_answers(kChatJob, asked->fields, 1, caller);
  if (!jobs) return jobs.error();
  if (asked->stream) return server.streamed((*jobs)[0], request, ResponseEvents(server.service(), server.service().stored((*jobs)[0]), -1));
  const auto done = server.finished(*jobs, request);
  return done ? response_answer(done->front()) : done.error();
}

ApiServer::Or<Job> find_response(ApiServer& server, const HttpRequest& in, const ApiServer::Caller& who) {
  const auto job = server.service().find(job_of_response(in.parts[0]), who.name);
  if (!job || !job->fields.contains("response"))
    return tl::unexpected(api_error(404, "there is no response '" + printable(in.parts[0], 80) + "'", "not_found"));
  return *job;
}

HttpResponse look_up(ApiServer& server, const HttpRequest& in, const Job& job) {
  const std::string_view stream = in.query_value("stream");
  if (!stream.empty() && stream != "true" && stream != "false") return api_error(400, "`stream`: true or false", "invalid_argument", "stream");
  const std::string_view after = in.query_value("starting_after");
  const auto number = whole_number<int64_t>(after);
  if (!after.empty() && !number) return api_error(400, "`starting_after` is no number of an event", "invalid_argument", "starting_after");
  if (stream != "true") return response_answer(job);
  return followed(server, job, number.value_or(-1), false);
}

HttpResponse input_items(const Job& job) {
  Json data = Json::array();
  for (const Json& message : job.fields["response"].value("conversation", Json::array())) {
    const std::string role = text_at(message, "role");
    const auto text = content_of(message.value("content", Json()), "input");
    data.push_back({{"id", fmt::format("msg_{}_{}", job.id, data.size())},
                    {"type", "message"},
                    {"status", "completed"},
                    {"role", role == "tool" ? "user" : role},
                    {"content", Json::array({{{"type", role == "assistant" ? "output_text" : "input_text"}, {"text", text ? *text : ""}}})}});
  }
  const Json first = data.empty() ? Json() : data.front()["id"], last = data.empty() ? Json() : data.back()["id"];
  return HttpResponse::text(dumped({{"object", "list"}, {"data", data}, {"has_more", false}, {"first_id", first}, {"last_id", last}}), "application/json");
}

}  // namespace

void add_response_routes(ApiServer& server) {
  using In = HttpRequest;
  using Caller = ApiServer::Caller;
  const auto making = ApiServer::Needs::making, looking = ApiServer::Needs::looking;
  server.add(
      "POST", "/v1/responses", making, [&server](const In& in, const Caller& who) { return respond(server, in, who); }, server.max_request_bytes());
  const auto found = [&server](HttpResponse (*answer)(ApiServer&, const In&, const Caller&, const Job&)) {
    return [&server, answer](const In& in, const Caller& who) {
      const auto job = find_response(server, in, who);
      return job ? answer(server, in, who, *job) : job.error();
    };
  };
  server.add("GET", "/v1/responses/{}", looking, found([](ApiServer& s, const In& in, const Caller&, const Job& job) { return look_up(s, in, job); }));
  server.add("GET", "/v1/responses/{}/input_items", looking, found([](ApiServer&, const In&, const Caller&, const Job& job) { return input_items(job); }));
  server.add("POST", "/v1/responses/{}/cancel", making, found([](ApiServer& s, const In&, const Caller& who, const Job& job) {
               const auto cancelled = s.service().cancel(job, who.name);
               return cancelled ? response_answer(s.service().stored(job.id)) : api_error(cancelled.error());
             }),
             kMaxEmptyBody);
  server.add("DELETE", "/v1/responses/{}", making, found([](ApiServer& s, const In& in, const Caller& who, const Job& job) {
               (void)s.service().cancel(job, who.name);
               s.service().store().withdraw(job.id, who.name);
               return HttpResponse::of({{"id", in.parts[0]}, {"object", "response"}, {"deleted", true}});
             }));
}

}  // namespace ptah
