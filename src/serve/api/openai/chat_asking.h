// What a request to a chat model asks for.
#pragma once

#include <string>

#include "base/json.h"

namespace ptah {

struct ChatAsking {
  Json fields;  ///< of the job
  int64_t choices = 1;
  bool stream = false, usage = false, logprobs = false;
};

/// Of the body of POST /v1/chat/completions. What is not given is as ptah chat has it; `seed` is that of a request without one. `sent` is the body's text:
/// members of an object come in the order of its schema. Errors, with the field: invalid_argument, not_found (the model), unsupported.
Result<ChatAsking> chat_asking(const Json& body, const std::string& sent, uint64_t seed);

}  // namespace ptah
