// Functions that a model may call, as OpenAI's clients describe them: told to the model in the system message, and held to their schemas by a grammar.
#pragma once

#include "base/json.h"

namespace ptah {

struct AskedTools {
  std::string told;  ///< for the system message; empty: no calls are possible
  Json calls;        ///< of a job (jobs/chat_answers.h); null: none
};

/// Of "tools", "tool_choice" and "parallel_tool_calls" in a body, whose members keep their order. A function is {"type": "function", "function": {"name",
/// "description", "parameters"}} or, as responses have it, with these beside the type. Errors, with the field: invalid_argument (a wrong or second name, too
/// many, a choice that is not there), unsupported (another type).
Result<AskedTools> tools_of(const OrderedJson& body);

/// A call as it stands in a conversation.
std::string told_call(const std::string& name, const std::string& arguments);
/// The answer of a function as it stands in a conversation.
std::string told_result(const std::string& content);

/// The call that a model wrote.
struct WrittenCall {
  std::string name, arguments;  ///< the arguments as JSON, in the order of their schema
};
WrittenCall written_call(const std::string& json);

}  // namespace ptah
