// Conversations as clients send them, as a model's chat template takes them.
#pragma once

#include "base/json.h"

namespace ptah {

/// A content: a text, or a list of parts that are texts; null is empty. Errors, with the field: invalid_argument.
Result<std::string> content_of(const Json& content, const std::string& field);

/// [{"role", "content"}] of "messages": "developer" is the system; calls of the assistant and the answers of functions ("tool") become texts, as templates know
/// no more than the three roles; `tools_told` goes into the system message. Errors, with the field: invalid_argument.
Result<Json> messages_of(const Json& list, const std::string& tools_told);

}  // namespace ptah
