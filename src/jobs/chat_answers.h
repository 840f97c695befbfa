// Answers of language models to conversations and prompts, token by token: how likely each was, and calls of functions that a grammar holds to their schemas.
#pragma once

#include "jobs/worker.h"
#include "pipelines/recipes.h"

namespace ptah {

/// Chat: {"model", "messages": [{"role", "content"}]}; completion: {"model", "prompt"}. Both with fields of `generate` (max_tokens, temperature, top_p,
/// frequency_penalty, presence_penalty, seed, stop, schema), and with
///  - "logprobs": how many of the likeliest tokens are told for each (0 to 20), besides its own log probability, before a grammar or sampling changes it;
///  - "logit_bias": {"TOKEN": number};
///  - "calls" (chat): {"schema", "when": "auto" or "always", "max"}: a call is a JSON text of the schema; the model writes it between <tool_call> and
///    </tool_call>, either when it wants to or at once.
/// Gives the facts {"text", "calls", "finish_reason", "prompt_tokens", "tokens"}, and "logprobs" if asked for. Tells {"event": "text", "text", "logprobs"} and
/// {"event": "call", "call"} as they come. Without max_tokens an answer may fill the context, 2,048 tokens at most. Errors: not_found (the model),
/// invalid_argument (the context is too small, a wrong option), unsupported (no chat template; a schema that cannot be held to).
Result<JobResult> answer_chat(ModelCache& models, const Json& fields, const JobWorker::Tell& tell, const CancelToken* cancel);
/// Errors: as answer_chat().
Result<Plan> plan_chat(ModelCache& models, const Json& fields);

}  // namespace ptah
