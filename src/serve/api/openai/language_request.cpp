#include "serve/api/openai/language_request.h"

#include <algorithm>
#include <cmath>

#include "apps/companion/chat_request.h"
#include "base/text.h"

namespace ptah {

namespace {

constexpr size_t kMaxStops = 16, kMaxBiases = 1024;

Result<Json> stops_of(const Json& stop) {
  if (stop.is_string()) return Json::array({stop});
  const bool texts = stop.is_array() && stop.size() <= kMaxStops && std::all_of(stop.begin(), stop.end(), [](const Json& one) { return one.is_string(); });
  if (!texts) return wrong_member("stop", fmt::format("a text or a list of at most {} texts", kMaxStops));
  return stop;
}

Result<Json> biases_of(const Json& biases) {
  if (!biases.is_object() || biases.size() > kMaxBiases) return wrong_member("logit_bias", fmt::format("an object of at most {} tokens", kMaxBiases));
  for (const auto& [token, bias] : biases.items())
    if (!whole_number<int32_t>(token) || !bias.is_number() || std::abs(bias.get<double>()) > 100)
      return wrong_member("logit_bias", "numbers of tokens, each with -100 to 100");
  return biases;
}

}  // namespace

tl::unexpected<Error> wrong_member(const std::string& name, const std::string& why) {
  return fail_field(name, ErrorCode::invalid_argument, "`{}`: {}", name, why);
}

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
  const auto is_here = [&](const std::string& wanted) {
    return std::any_of(here.begin(), here.end(), [&](const Model& model) { return model.name == wanted; });
  };
  if (is_here(name)) return name;
  if (name == kAnyChatModelName)
    for (const char* one : kChatModelNames)
      if (is_here(one)) return std::string(one);
  return fail_field("model", ErrorCode::not_found, "`model`: there is no model '{}' here (GET /v1/models)", printable(name, 80));
}

Result<int64_t> whole_member(const Json& body, const char* name, int64_t usual, int64_t min, int64_t max) {
  const Json value = body.value(name, Json());
  if (value.is_null()) return usual;
  if (!value.is_number_integer() || value < min || value > max) return wrong_member(name, fmt::format("{} to {} are possible", min, max));
  return value.get<int64_t>();
}

Result<bool> switch_member(const Json& body, const char* name) {
  const Json value = body.value(name, Json());
  if (value.is_null()) return false;
  if (!value.is_boolean()) return wrong_member(name, "true or false");
  return value.get<bool>();
}

Result<void> take_drawing(const Json& body, uint64_t seed, std::initializer_list<const char*> max_names, Json& fields) {
  for (const char* name : {"temperature", "top_p", "frequency_penalty", "presence_penalty"}) {
    const Json value = body.value(name, Json());
    if (value.is_null()) continue;
    if (!value.is_number()) return wrong_member(name, "a number is expected");
    fields[name] = value;
  }
  for (const char* name : max_names) {
    const Json value = body.value(name, Json());
    if (value.is_null()) continue;
    if (!value.is_number_integer() || value < 1) return wrong_member(name, "1 or more");
    fields["max_tokens"] = value;
  }
  const Json own = body.value("seed", Json());
  if (!own.is_null() && (!own.is_number_integer() || own < 0)) return wrong_member("seed", "a whole number, 0 or more");
  fields["seed"] = own.is_null() ? Json(seed) : own;
  if (const Json stop = body.value("stop", Json()); !stop.is_null()) {
    PTAH_TRY(fields["stop"], stops_of(stop));
  }
  if (const Json biases = body.value("logit_bias", Json()); !biases.is_null() && !biases.empty()) {
    PTAH_TRY(fields["logit_bias"], biases_of(biases));
  }
  Json checked{{"prompt", "x"}};
  for (const char* name : {"model", "temperature", "top_p", "frequency_penalty", "presence_penalty", "max_tokens", "seed", "stop"})
    if (fields.contains(name)) checked[name] = fields[name];
  PTAH_TRY_VOID(read_fields(**find_recipe("generate"), checked));
  return {};
}

Result<std::string> schema_of_format(const OrderedJson& format, const std::string& field) {
  if (format.is_null()) return std::string();
  if (!format.is_object()) return wrong_member(field, "an object is expected");
  const std::string type = format.value("type", OrderedJson()).is_string() ? format["type"].get<std::string>() : "";
  if (type == "text") return std::string();
  if (type == "json_object") return std::string(R"({"type":"object"})");
  if (type != "json_schema") return wrong_member(field, "text, json_object and json_schema are possible");
  const OrderedJson inner = format.value("json_schema", format);
  const OrderedJson schema = inner.is_object() ? inner.value("schema", OrderedJson()) : OrderedJson();
  if (!schema.is_object()) return wrong_member(field, "the schema is missing");
  return schema.dump();
}

HttpResponse language_error(const Error& error) {
  const std::string field = field_of(error);
  if (error.code == ErrorCode::not_found && field == "model") return api_error(404, error.message, "model_not_found", "model");
  if ((field == "messages" || field == "prompt" || field == "input") && error.message.find(" tokens; the context") != std::string::npos)
    return api_error(400, error.message, "context_length_exceeded", field);
  return api_error(error, 400);
}

const char* finish_reason(const Json& facts) {
  const std::string reason = text_at(facts, "finish_reason");
  if (reason == "tool_calls") return "tool_calls";
  return reason == "length" || reason == "context" ? "length" : "stop";
}

Json usage_of(const std::vector<Job>& jobs) {
  int64_t prompt = 0, answer = 0;
  for (const Job& job : jobs) {
    prompt = job.facts.value("prompt_tokens", int64_t{0});
    answer += job.facts.value("tokens", int64_t{0});
  }
  return {{"prompt_tokens", prompt}, {"completion_tokens", answer}, {"total_tokens", prompt + answer}};
}

std::string dumped(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string Unheard::text(const JobEvent& event, Json* logprobs) {
  const std::string all = text_at(event.what, "text");
  const size_t begin = at_;
  at_ += all.size();
  if (at_ <= heard_) return {};
  const size_t known = heard_ > begin ? heard_ - begin : 0;
  heard_ = at_;
  if (logprobs) *logprobs = known == 0 ? event.what.value("logprobs", Json()) : Json();
  return all.substr(known);
}

bool Unheard::call(const JobEvent&) {
  if (++calls_ <= heard_calls_) return false;
  heard_calls_ = calls_;
  return true;
}

void Unheard::see(const JobEvent& event) {
  if (text_at(event.what, "event") == "running") at_ = calls_ = 0;
}

}  // namespace ptah
