// What a request for a completion asks for.
#pragma once

#include "base/json.h"

namespace ptah {

/// Fields of a job that goes on with one prompt, as POST /v1/completions says them; without max_tokens it may go on as a chat may. Errors, with the field:
/// invalid_argument, not_found (the model).
Result<Json> completion_fields(const Json& body, uint64_t seed);

}  // namespace ptah
