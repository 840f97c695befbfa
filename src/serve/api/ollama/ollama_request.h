// Requests of Ollama's clients as those of OpenAI's.
#pragma once

#include "base/json.h"

namespace ptah {

/// "smollm2" of "smollm2:latest".
std::string ollama_model(const std::string& name);

/// The body of a chat of OpenAI's interface for one of POST /api/chat, or of POST /api/generate with its prompt as the user's message. Members of objects keep
/// their order. Errors, with the field: invalid_argument (another type, or what is not supported).
Result<OrderedJson> openai_chat_of(const OrderedJson& body);
/// Fields of a completion (POST /api/generate with "raw"). Errors: as above.
Result<OrderedJson> openai_completion_of(const OrderedJson& body);

}  // namespace ptah
