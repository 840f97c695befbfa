#include "serve/api/openai/chat_messages.h"

#include "base/text.h"
#include "serve/api/openai/language_request.h"
#include "serve/api/openai/tools.h"

namespace ptah {

namespace {

constexpr size_t kMaxMessages = 4096;

/// The calls of an assistant's message, behind what it said.
Result<void> add_calls(const Json& message, std::string& content) {
  const Json calls = message.value("tool_calls", Json());
  if (calls.is_null()) return {};
  if (!calls.is_array()) return wrong_member("messages", "tool_calls is a list");
  for (const Json& call : calls) {
    const Json function = call.is_object() ? call.value("function", Json()) : Json();
    const std::string name = text_at(function, "name");
    const Json arguments = function.is_object() ? function.value("arguments", Json()) : Json();
    if (name.empty() || !(arguments.is_string() || arguments.is_object())) return wrong_member("messages", "a call has a function with name and arguments");
    if (!content.empty()) content += "\n";
    content += told_call(name, arguments.is_string() ? arguments.get<std::string>() : dumped(arguments));
  }
  return {};
}

}  // namespace

Result<std::string> content_of(const Json& content, const std::string& field) {
  if (content.is_null()) return std::string();
  if (content.is_string()) return content.get<std::string>();
  if (!content.is_array()) return wrong_member(field, "a content is a text or a list of parts");
  std::string out;
  for (const Json& part : content) {
    const std::string type = part.is_object() ? text_at(part, "type") : "";
    if (type == "refusal") {
      out += text_at(part, "refusal");
      continue;
    }
    if (type != "text" && type != "input_text" && type != "output_text")
      return wrong_member(field, fmt::format("parts of type '{}' are not understood; text is", printable(type, 40)));
    out += text_at(part, "text");
  }
  return out;
}

Result<Json> messages_of(const Json& list, const std::string& tools_told) {
  if (!list.is_array() || list.empty() || list.size() > kMaxMessages) return wrong_member("messages", fmt::format("1 to {} messages are needed", kMaxMessages));
  Json out = Json::array();
  bool results = false;  // the last message is one of answers of functions
  for (const Json& message : list) {
    std::string role = message.is_object() ? text_at(message, "role") : "";
    if (role == "developer") role = "system";
    const bool result = role == "tool" || role == "function";
    if (!result && role != "system" && role != "user" && role != "assistant")
      return wrong_member("messages", fmt::format("the role '{}' is not understood; system, user, assistant and tool are", printable(role, 40)));
    PTAH_TRY(std::string content, content_of(message.value("content", Json()), "messages"));
    if (role == "assistant") PTAH_TRY_VOID(add_calls(message, content));
    if (result && results) {
      out.back()["content"] = text_at(out.back(), "content") + "\n" + told_result(content);
      continue;
    }
    results = result;
    out.push_back({{"role", result ? "user" : role}, {"content", result ? told_result(content) : content}});
  }
  if (tools_told.empty()) return out;
  if (text_at(out.front(), "role") == "system")
    out.front()["content"] = text_at(out.front(), "content") + "\n\n" + tools_told;
  else
    out.insert(out.begin(), Json{{"role", "system"}, {"content", tools_told}});
  return out;
}

}  // namespace ptah
