#include "serve/api/ollama/ollama_request.h"

#include "schema/field_error.h"

namespace ptah {

namespace {

tl::unexpected<Error> wrong_in_ollama(const char* name, const std::string& why) { return fail_field(name, ErrorCode::invalid_argument, "`{}`: {}", name, why); }

OrderedJson member_of(const OrderedJson& object, const char* name) { return object.is_object() ? object.value(name, OrderedJson()) : OrderedJson(); }

std::string text_member(const OrderedJson& object, const char* name) {
  const OrderedJson value = member_of(object, name);
  return value.is_string() ? value.get<std::string>() : std::string();
}

bool is_said(const OrderedJson& value) {
  if (value.is_string()) return !value.get_ref<const OrderedJson::string_t&>().empty();
  return !value.is_null() && value != false && !(value.is_structured() && value.empty());
}

/// What both kinds of requests have in common.
Result<OrderedJson> ollama_common(const OrderedJson& body) {
  for (const char* name : {"images", "suffix", "template", "context"})
    if (is_said(member_of(body, name))) return wrong_in_ollama(name, "this is not supported");
  OrderedJson out{{"model", ollama_model(text_member(body, "model"))}};
  const OrderedJson options = member_of(body, "options");
  if (!options.is_null() && !options.is_object()) return wrong_in_ollama("options", "an object is expected");
  for (const char* name : {"temperature", "top_p", "seed", "stop", "presence_penalty", "frequency_penalty"})
    if (const OrderedJson value = member_of(options, name); !value.is_null()) out[name] = value;
  if (const OrderedJson count = member_of(options, "num_predict"); count.is_number_integer() && count > 0) out["max_tokens"] = count;
  return out;
}

Result<void> add_format(const OrderedJson& body, OrderedJson& out) {
  const OrderedJson format = member_of(body, "format");
  if (!is_said(format)) return {};
  if (format == "json")
    out["response_format"] = {{"type", "json_object"}};
  else if (format.is_object())
    out["response_format"] = {{"type", "json_schema"}, {"json_schema", {{"name", "format"}, {"schema", format}}}};
  else
    return wrong_in_ollama("format", "json or a JSON schema");
  return {};
}

}  // namespace

std::string ollama_model(const std::string& name) {
  constexpr std::string_view kLatest = ":latest";
  return name.ends_with(kLatest) ? name.substr(0, name.size() - kLatest.size()) : name;
}

Result<OrderedJson> openai_chat_of(const OrderedJson& body) {
  PTAH_TRY(OrderedJson out, ollama_common(body));
  PTAH_TRY_VOID(add_format(body, out));
  if (const OrderedJson tools = member_of(body, "tools"); is_said(tools)) out["tools"] = tools;
  OrderedJson messages = member_of(body, "messages");
  if (messages.is_null()) {
    messages = OrderedJson::array();
    if (const std::string system = text_member(body, "system"); !system.empty()) messages.push_back(OrderedJson{{"role", "system"}, {"content", system}});
    messages.push_back(OrderedJson{{"role", "user"}, {"content", member_of(body, "prompt")}});
  }
  if (messages.is_array())
    for (const OrderedJson& message : messages)
      if (is_said(member_of(message, "images"))) return wrong_in_ollama("messages", "images are not understood");
  out["messages"] = std::move(messages);
  return out;
}

Result<OrderedJson> openai_completion_of(const OrderedJson& body) {
  PTAH_TRY(OrderedJson out, ollama_common(body));
  if (is_said(member_of(body, "format"))) return wrong_in_ollama("format", "not with raw");
  out["prompt"] = member_of(body, "prompt");
  return out;
}

}  // namespace ptah
