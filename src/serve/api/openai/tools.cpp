#include "serve/api/openai/tools.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "schema/field_error.h"

namespace ptah {

namespace {

constexpr size_t kMaxTools = 64, kMaxNameBytes = 64;
constexpr int64_t kMaxCalls = 8;

tl::unexpected<Error> wrong_tool(const char* field, const std::string& why) { return fail_field(field, ErrorCode::invalid_argument, "`{}`: {}", field, why); }

std::string text_in(const OrderedJson& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return object.is_object() && found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

bool is_function_name(const std::string& name) {
  return !name.empty() && name.size() <= kMaxNameBytes && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
  });
}

/// References into the schema's own definitions, which move to the whole's with a prefix.
void move_references(OrderedJson& schema, const std::string& prefix) {
  if (schema.is_object()) {
    for (auto& [key, value] : schema.items()) {
      if (key == "$ref" && value.is_string()) {
        std::string to = value.get<std::string>();
        for (const char* place : {"#/$defs/", "#/definitions/"})
          if (to.starts_with(place)) to = "#/$defs/" + prefix + to.substr(std::string_view(place).size());
        value = to;
      } else {
        move_references(value, prefix);
      }
    }
  } else if (schema.is_array()) {
    for (OrderedJson& one : schema) move_references(one, prefix);
  }
}

struct ToolFunction {
  std::string name, description;
  OrderedJson parameters;
};

Result<ToolFunction> tool_function(const OrderedJson& tool) {
  const std::string type = text_in(tool, "type");
  if (type != "function") return fail_field("tools", ErrorCode::unsupported, "`tools`: '{}' is not supported; functions are", printable(type, 40));
  const OrderedJson said = tool.value("function", tool);
  ToolFunction out{text_in(said, "name"), text_in(said, "description"), said.value("parameters", OrderedJson())};
  if (!is_function_name(out.name)) return wrong_tool("tools", "a name has 1 to 64 letters, digits, '_', '-' and '.'");
  if (out.parameters.is_null() || out.parameters.empty()) out.parameters = {{"type", "object"}, {"properties", OrderedJson::object()}};
  if (!out.parameters.is_object()) return wrong_tool("tools", "the parameters of " + out.name + " have to be a JSON schema");
  return out;
}

enum class ToolChoice { free, some, one };

/// Leaves the functions that may be called, and says whether one has to be.
Result<ToolChoice> choose_tools(const OrderedJson& body, std::vector<ToolFunction>& tools) {
  const OrderedJson choice = body.value("tool_choice", OrderedJson("auto"));
  const auto keep_only = [&](const std::string& name) -> Result<ToolChoice> {
    std::erase_if(tools, [&](const ToolFunction& tool) { return tool.name != name; });
    if (tools.empty()) return wrong_tool("tool_choice", "there is no function " + printable(name, 80));
    return ToolChoice::one;
  };
  if (choice.is_null()) return ToolChoice::free;
  if (choice.is_string()) {
    const auto word = choice.get<std::string>();
    if (word == "auto") return ToolChoice::free;
    if (word == "required" || word == "any") return ToolChoice::some;
    if (word != "none") return wrong_tool("tool_choice", "auto, none, required or a function");
    tools.clear();
    return ToolChoice::free;
  }
  if (text_in(choice, "type") == "function") return keep_only(text_in(choice.value("function", choice), "name"));
  return wrong_tool("tool_choice", "auto, none, required or a function");
}

}  // namespace

Result<AskedTools> tools_of(const OrderedJson& body) {
  AskedTools out;
  const OrderedJson list = body.value("tools", OrderedJson()), parallel = body.value("parallel_tool_calls", OrderedJson());
  if (!parallel.is_null() && !parallel.is_boolean()) return wrong_tool("parallel_tool_calls", "true or false");
  if (list.is_null() || (list.is_array() && list.empty())) {
    const OrderedJson choice = body.value("tool_choice", OrderedJson());
    if (choice.is_null() || choice == "none" || choice == "auto") return out;
    return wrong_tool("tool_choice", "there are no tools");
  }
  if (!list.is_array() || list.size() > kMaxTools) return wrong_tool("tools", fmt::format("a list of at most {}", kMaxTools));
  std::vector<ToolFunction> tools;
  std::set<std::string> names;
  for (const OrderedJson& one : list) {
    PTAH_TRY(ToolFunction tool, tool_function(one));
    if (!names.insert(tool.name).second) return wrong_tool("tools", "there are two of " + tool.name);
    tools.push_back(std::move(tool));
  }
  PTAH_TRY(const ToolChoice choice, choose_tools(body, tools));
  if (tools.empty()) return out;
  OrderedJson forms = OrderedJson::array(), definitions = OrderedJson::object();
  out.told = "You can call these functions:\n<tools>\n";
  for (size_t i = 0; i < tools.size(); ++i) {
    ToolFunction& tool = tools[i];
    out.told += OrderedJson({{"name", tool.name}, {"description", tool.description}, {"parameters", tool.parameters}}).dump() + "\n";
    const std::string prefix = fmt::format("{}_", i);
    for (const char* place : {"$defs", "definitions"}) {
      if (!tool.parameters.contains(place) || !tool.parameters[place].is_object()) continue;
      for (auto& [name, definition] : tool.parameters[place].items()) {
        move_references(definition, prefix);
        definitions[prefix + name] = definition;
      }
      tool.parameters.erase(place);
    }
    move_references(tool.parameters, prefix);
    forms.push_back({{"type", "object"},
                     {"properties", {{"name", {{"const", tool.name}}}, {"arguments", tool.parameters}}},
                     {"required", {"name", "arguments"}},
                     {"additionalProperties", false}});
  }
  out.told +=
      "</tools>\nTo call one, write nothing but its name and its arguments as JSON:\n<tool_call>\n{\"name\": \"...\", \"arguments\": {...}}\n</tool_call>\n"
      "Answer in words when no function is needed.";
  OrderedJson schema = forms.size() == 1 ? forms[0] : OrderedJson({{"anyOf", forms}});
  if (!definitions.empty()) schema["$defs"] = definitions;
  const bool several = choice != ToolChoice::one && parallel != OrderedJson(false);
  out.calls = {{"schema", schema.dump()}, {"when", choice == ToolChoice::free ? "auto" : "always"}, {"max", several ? kMaxCalls : 1}};
  return out;
}

std::string told_call(const std::string& name, const std::string& arguments) {
  const OrderedJson parsed = OrderedJson::parse(arguments, nullptr, false);
  const OrderedJson call{{"name", name}, {"arguments", parsed.is_discarded() ? OrderedJson(arguments) : parsed}};
  return "<tool_call>\n" + call.dump(-1, ' ', false, OrderedJson::error_handler_t::replace) + "\n</tool_call>";
}

std::string told_result(const std::string& content) { return "<tool_response>\n" + content + "\n</tool_response>"; }

WrittenCall written_call(const std::string& json) {
  const OrderedJson call = OrderedJson::parse(json, nullptr, false);
  if (!call.is_object()) return {};
  return {text_in(call, "name"), call.value("arguments", OrderedJson::object()).dump(-1, ' ', false, OrderedJson::error_handler_t::replace)};
}

}  // namespace ptah
