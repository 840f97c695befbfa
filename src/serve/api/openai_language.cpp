// Chat, embeddings and the list of models as OpenAI's clients call them.
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <random>

#include "apps/companion/chat_request.h"
#include "base/base64.h"
#include "base/file.h"
#include "base/text.h"
#include "jobs/language_answers.h"
#include "models/registry.h"
#include "serve/api/answers.h"
#include "serve/api/api_server.h"

namespace ptah {

namespace {

constexpr size_t kMaxEmbedded = 2048;
constexpr const char* kUsualChatModel = "smollm2";
constexpr const char* kUsualEncoder = "minilm";

tl::unexpected<Error> wrong_member(const std::string& name, const std::string& why) {
  return fail_field(name, ErrorCode::invalid_argument, "`{}`: {}", name, why);
}

/// The names of models that are here: what may be asked for.
std::vector<Model> models_here() {
  const auto shipped = models_folder();
  const auto pulled = pulled_models_folder();
  if (!shipped) return {};
  auto known = known_models(*shipped, pulled ? *pulled : std::filesystem::path());
  if (!known) return {};
  std::erase_if(*known, [](const Model& model) { return model.kind == Model::Kind::online; });
  return *known;
}

Result<std::string> model_of(const Json& body, const char* usual) {
  const Json value = body.value("model", Json(usual));
  const std::string name = value.is_string() ? value.get<std::string>() : "";
  const std::vector<Model> here = models_here();
  if (std::any_of(here.begin(), here.end(), [&](const Model& model) { return model.name == name; })) return name;
  return fail_field("model", ErrorCode::not_found, "`model`: there is no model '{}' here (GET /v1/models)", printable(name, 80));
}

/// A message's content: a text, or a list of parts that are texts; null is empty.
Result<std::string> content_of(const Json& message, const std::string& field) {
  const Json content = message.value("content", Json());
  if (content.is_null()) return std::string();
  if (content.is_string()) return content.get<std::string>();
  if (!content.is_array()) return wrong_member(field, "a content is a text or a list of parts");
  std::string out;
  for (const Json& part : content) {
    const std::string type = text_at(part, "type");
    if (type != "text" && type != "input_text") return wrong_member(field, fmt::format("parts of type '{}' are not understood; text is", printable(type, 40)));
    out += text_at(part, "text");
  }
  return out;
}

Result<Json> messages_of(const Json& body) {
  const Json list = body.value("messages", Json());
  if (!list.is_array() || list.empty()) return wrong_member("messages", "at least one message is needed");
  Json out = Json::array();
  for (const Json& message : list) {
    std::string role = message.is_object() ? text_at(message, "role") : "";
    if (role == "developer") role = "system";
    if (role != "system" && role != "user" && role != "assistant")
      return wrong_member("messages", fmt::format("the role '{}' is not understood; system, user and assistant are", printable(role, 40)));
    PTAH_TRY(const std::string content, content_of(message, "messages"));
    out.push_back({{"role", role}, {"content", content}});
  }
  return out;
}

/// Members that would change the answer and that nothing here computes: refused, as an answer without them would be another one.
Result<void> refuse_unknown_arts(const Json& body) {
  const auto given = [&](const char* name) {
    const Json value = body.value(name, Json());
    return !value.is_null() && value != Json(false) && value != Json::array() && value != Json::object() && value != Json(0);
  };
  for (const char* name : {"tools", "functions", "logprobs", "top_logprobs", "logit_bias", "audio", "modalities", "prediction"})
    if (given(name)) return fail_field(name, ErrorCode::invalid_argument, "`{}` is not supported", name);
  if (body.value("n", Json(1)) != Json(1) && !body.value("n", Json()).is_null()) return wrong_member("n", "1 is possible");
  return {};
}

/// The schema that an answer has to satisfy, as a text; empty: none. `sent` is the body's text: members of an object come in the order of its schema.
Result<std::string> schema_of_answer(const Json& body, const std::string& sent) {
  const Json format = body.value("response_format", Json());
  if (format.is_null()) return std::string();
  const std::string type = format.is_object() ? text_at(format, "type") : "";
  if (type == "text") return std::string();
  if (type == "json_object") return std::string(R"({"type":"object"})");
  if (type != "json_schema") return wrong_member("response_format", "text, json_object and json_schema are possible");
  const Json schema = format.value("json_schema", Json::object()).value("schema", Json());
  if (!schema.is_object()) return wrong_member("response_format", "json_schema.schema is missing");
  return OrderedJson::parse(sent)["response_format"]["json_schema"]["schema"].dump();
}

/// Fields of a chat job. What is not given is as ptah chat has it.
Result<Json> chat_fields(const Json& body, const std::string& sent) {
  PTAH_TRY_VOID(refuse_unknown_arts(body));
  PTAH_TRY(const std::string model, model_of(body, kUsualChatModel));
  PTAH_TRY(const Json messages, messages_of(body));
  PTAH_TRY(const std::string schema, schema_of_answer(body, sent));
  const GenerationOptions calm = calm_answers();
  Json out{{"model", model},
           {"messages", messages},
           {"temperature", calm.sampling.temperature},
           {"top_p", calm.sampling.top_p},
           {"repetition_penalty", calm.sampling.repetition_penalty}};
  if (!schema.empty()) out["schema"] = schema;
  const auto take = [&](const char* name, const char* field) -> Result<void> {
    const Json value = body.value(name, Json());
    if (value.is_null()) return {};
    if (!value.is_number()) return wrong_member(name, "a number is expected");
    out[field] = value;
    return {};
  };
  for (const char* name : {"temperature", "top_p", "frequency_penalty", "presence_penalty", "seed"}) PTAH_TRY_VOID(take(name, name));
  PTAH_TRY_VOID(take("max_tokens", "max_tokens"));
  PTAH_TRY_VOID(take("max_completion_tokens", "max_tokens"));
  if (out.contains("max_tokens") && (!out["max_tokens"].is_number_integer() || out["max_tokens"] < 1))
    return wrong_member("max_completion_tokens", "1 or more");
  if (!out.contains("seed")) out["seed"] = std::random_device()();
  if (!out["seed"].is_number_integer() || out["seed"] < 0) return wrong_member("seed", "a whole number, 0 or more");
  const Json stop = body.value("stop", Json());
  if (stop.is_string()) out["stop"] = Json::array({stop});
  if (stop.is_array() && std::all_of(stop.begin(), stop.end(), [](const Json& one) { return one.is_string(); })) out["stop"] = stop;
  if (!stop.is_null() && !out.contains("stop")) return wrong_member("stop", "a text or a list of texts");
  Json checked = out;
  checked.erase("messages");
  PTAH_TRY_VOID(read_fields(**find_recipe("generate"), [&] {
    Json request = checked;
    request["prompt"] = "x";
    return request;
  }()));
  return out;
}

HttpResponse chat_error(const Error& error) {
  if (error.code == ErrorCode::not_found && field_of(error) == "model") return api_error(404, error.message, "model_not_found", "model");
  if (field_of(error) == "messages" && error.message.find(" tokens; the context") != std::string::npos)
    return api_error(400, error.message, "context_length_exceeded", "messages");
  return api_error(error, 400);
}

const char* finish_reason(const Json& facts) {
  const std::string reason = text_at(facts, "finish_reason");
  return reason == "length" || reason == "context" ? "length" : "stop";
}

Json chat_usage(const Json& facts) {
  const int64_t prompt = facts.value("prompt_tokens", int64_t{0}), answer = facts.value("tokens", int64_t{0});
  return {{"prompt_tokens", prompt}, {"completion_tokens", answer}, {"total_tokens", prompt + answer}};
}

/// What all chunks of an answer begin with.
Json chunk_of(const Job& job, Json choices) {
  return {{"id", "chatcmpl-" + job_name(job.id)},
          {"object", "chat.completion.chunk"},
          {"created", job.created},
          {"model", text_at(job.fields, "model")},
          {"choices", std::move(choices)}};
}

EventShape chat_shape(JobService& service, const Job& job, bool with_usage) {
  EventShape shape;
  shape.event = [&service, job, with_usage, begun = false](const JobEvent& event) mutable -> std::string {
    const std::string what = text_at(event.what, "event");
    std::string out;
    const auto send = [&](const Json& delta, const Json& reason) {
      const Json choices = Json::array({{{"index", 0}, {"delta", delta}, {"logprobs", nullptr}, {"finish_reason", reason}}});
      out += HttpStream::event(chunk_of(job, choices).dump(-1, ' ', false, Json::error_handler_t::replace));
    };
    if (!begun && (what == "text" || what == "done")) {
      begun = true;
      send({{"role", "assistant"}, {"content", ""}}, nullptr);
    }
    if (what == "text") send({{"content", text_at(event.what, "text")}}, nullptr);
    if (what == "done") {
      const Json facts = service.stored(job.id).facts;
      send(Json::object(), finish_reason(facts));
      if (with_usage) {
        Json last = chunk_of(job, Json::array());
        last["usage"] = chat_usage(facts);
        out += HttpStream::event(last.dump());
      }
      out += HttpStream::event("[DONE]");
    }
    if (what == "failed") out += HttpStream::event(*chat_error(service.stored(job.id).error).body);
    if (what == "cancelled") out += HttpStream::event(*api_error(499, "the job was cancelled", "cancelled").body);
    return out;
  };
  shape.left = [&service, id = job.id] { service.release(id); };
  return shape;
}

Result<std::vector<std::string>> texts_to_embed(const Json& body) {
  const Json input = body.value("input", Json());
  if (input.is_string()) return std::vector<std::string>{input.get<std::string>()};
  if (!input.is_array() || input.empty() || input.size() > kMaxEmbedded ||
      !std::all_of(input.begin(), input.end(), [](const Json& one) { return one.is_string(); }))
    return wrong_member("input", fmt::format("a text, or 1 to {} of them; tokens are not taken", kMaxEmbedded));
  return input.get<std::vector<std::string>>();
}

/// The answer to a request for embeddings; `vectors` are little-endian floats.
Json embedding_list(const std::string& vectors, size_t width, bool base64) {
  Json data = Json::array();
  for (size_t at = 0; at + width * sizeof(float) <= vectors.size(); at += width * sizeof(float)) {
    const std::string one = vectors.substr(at, width * sizeof(float));
    std::vector<float> numbers(width);
    std::memcpy(numbers.data(), one.data(), one.size());
    data.push_back({{"object", "embedding"}, {"index", data.size()}, {"embedding", base64 ? Json(to_base64(as_bytes(one))) : Json(numbers)}});
  }
  return data;
}

Json model_json(const Model& model) {
  return {{"id", model.name},         {"object", "model"},       {"created", 0}, {"owned_by", model.kind == Model::Kind::shipped ? "ptah" : "user"},
          {"purpose", model.purpose}, {"licence", model.licence}};
}

}  // namespace

HttpResponse ApiServer::chat(const HttpRequest& request, const Caller& caller) {
  const auto body = body_of_request(request);
  if (!body) return api_error(body.error(), 400);
  const auto fields = guard([&] { return chat_fields(*body, request.body); });
  if (!fields) return chat_error(fields.error());
  if (auto refusal = busy(true)) return *refusal;
  if (auto refusal = over_limit(caller)) return *refusal;
  const auto asked = service_.ask_answer(kChatJob, *fields, caller.name);
  if (!asked) return api_error(asked.error());
  const HttpFields headers{{"X-Ptah-Job", job_name(asked->id)}};
  service_.hold(asked->id);
  if (body->value("stream", Json(false)) == Json(true)) {
    const Json options = body->value("stream_options", Json::object());
    const bool usage = options.is_object() && options.value("include_usage", Json(false)) == Json(true);
    HttpResponse out = HttpResponse::events(service_.events().follow(asked->id, chat_shape(service_, service_.stored(asked->id), usage)));
    out.headers = headers;
    return out;
  }
  const CountWhile counted(waiting_);
  const Job job = service_.wait(asked->id, request.gone.get());
  service_.release(asked->id);
  if (job.state == JobState::failed) return chat_error(job.error);
  if (job.state != JobState::done) return api_error(499, "the job was cancelled", "cancelled");
  const Json message{{"role", "assistant"}, {"content", text_at(job.facts, "text")}, {"refusal", nullptr}};
  HttpResponse out =
      HttpResponse::of({{"id", "chatcmpl-" + job_name(job.id)},
                        {"object", "chat.completion"},
                        {"created", job.created},
                        {"model", text_at(job.fields, "model")},
                        {"choices", Json::array({{{"index", 0}, {"message", message}, {"logprobs", nullptr}, {"finish_reason", finish_reason(job.facts)}}})},
                        {"usage", chat_usage(job.facts)}});
  out.headers = headers;
  return out;
}

HttpResponse ApiServer::embed(const HttpRequest& request, const Caller& caller) {
  const auto body = body_of_request(request);
  if (!body) return api_error(body.error(), 400);
  const auto model = model_of(*body, kUsualEncoder);
  if (!model) return chat_error(model.error());
  const auto texts = texts_to_embed(*body);
  if (!texts) return api_error(texts.error(), 400);
  const std::string format = text_at(*body, "encoding_format");
  if (!format.empty() && format != "float" && format != "base64")
    return api_error(400, "`encoding_format`: float or base64", "invalid_argument", "encoding_format");
  if (auto refusal = busy(true)) return *refusal;
  if (auto refusal = over_limit(caller)) return *refusal;
  const auto asked = service_.ask_answer(kEmbedJob, {{"model", *model}, {"texts", *texts}}, caller.name);
  if (!asked) return api_error(asked.error());
  service_.hold(asked->id);
  const CountWhile counted(waiting_);
  const Job job = service_.wait(asked->id, request.gone.get());
  service_.release(asked->id);
  if (job.state == JobState::failed) return chat_error(job.error);
  if (job.state != JobState::done) return api_error(499, "the job was cancelled", "cancelled");
  const auto width = job.facts.value("width", size_t{0});
  if (const Json wanted = body->value("dimensions", Json()); !wanted.is_null() && wanted != Json(width))
    return api_error(400, fmt::format("`dimensions`: {} has {}", *model, width), "invalid_argument", "dimensions");
  const auto vectors = from_base64(text_at(job.facts, "vectors"));
  if (!vectors || width == 0) return api_error(500, "the vectors cannot be read", "internal");
  const int64_t tokens = job.facts.value("prompt_tokens", int64_t{0});
  HttpResponse out = HttpResponse::of({{"object", "list"},
                                       {"data", embedding_list(*vectors, width, format == "base64")},
                                       {"model", *model},
                                       {"usage", {{"prompt_tokens", tokens}, {"total_tokens", tokens}}}});
  out.headers = {{"X-Ptah-Job", job_name(job.id)}};
  return out;
}

void ApiServer::add_openai() {
  using In = HttpRequest;
  const size_t max = options_.max_request_bytes;
  add(
      "POST", "/v1/images/generations", Needs::making, [this](const In& in, const Caller& who) { return generate_images(in, who); }, max);
  add(
      "POST", "/v1/audio/speech", Needs::making, [this](const In& in, const Caller& who) { return speak(in, who); }, max);
  add(
      "POST", "/v1/chat/completions", Needs::making, [this](const In& in, const Caller& who) { return chat(in, who); }, max);
  add(
      "POST", "/v1/embeddings", Needs::making, [this](const In& in, const Caller& who) { return embed(in, who); }, max);
  add("GET", "/v1/models", Needs::looking, [](const In&, const Caller&) {
    Json list = Json::array();
    for (const Model& model : models_here()) list.push_back(model_json(model));
    return HttpResponse::of({{"object", "list"}, {"data", std::move(list)}});
  });
  add("GET", "/v1/models/{}", Needs::looking, [](const In& in, const Caller&) {
    for (const Model& model : models_here())
      if (model.name == in.parts[0]) return HttpResponse::of(model_json(model));
    return api_error(404, fmt::format("there is no model '{}' here", printable(in.parts[0], 80)), "model_not_found", "model");
  });
}

}  // namespace ptah
