#include "serve/api/openai/chat_asking.h"

#include "apps/companion/chat_request.h"
#include "serve/api/openai/chat_messages.h"
#include "serve/api/openai/language_request.h"
#include "serve/api/openai/tools.h"

namespace ptah {

namespace {

constexpr int64_t kMaxChatChoices = 8;

/// Members that would change the answer and that nothing here computes: refused, as an answer without them would be another one.
Result<void> refuse_other_arts(const Json& body) {
  for (const char* name : {"functions", "function_call", "audio", "prediction", "web_search_options"}) {
    const Json value = body.value(name, Json());
    if (!value.is_null() && value != Json::array() && value != "none") return fail_field(name, ErrorCode::invalid_argument, "`{}` is not supported", name);
  }
  const Json modalities = body.value("modalities", Json());
  if (!modalities.is_null() && modalities != Json::array({"text"})) return wrong_member("modalities", "text is possible");
  return {};
}

}  // namespace

Result<ChatAsking> chat_asking(const Json& body, const std::string& sent, uint64_t seed) {
  ChatAsking out;
  PTAH_TRY_VOID(refuse_other_arts(body));
  PTAH_TRY(const std::string model, model_of(body, kUsualChatModel));
  const OrderedJson ordered = OrderedJson::parse(sent);
  PTAH_TRY(const AskedTools tools, tools_of(ordered));
  PTAH_TRY(const Json messages, messages_of(body.value("messages", Json()), tools.told));
  PTAH_TRY(const std::string schema, schema_of_format(ordered.value("response_format", OrderedJson()), "response_format"));
  const GenerationOptions calm = calm_answers();
  out.fields = {{"model", model},
                {"messages", messages},
                {"temperature", calm.sampling.temperature},
                {"top_p", calm.sampling.top_p},
                {"repetition_penalty", calm.sampling.repetition_penalty},
                {"dry_multiplier", calm.sampling.dry_multiplier},
                {"dry_allowed_length", calm.sampling.dry_allowed_length}};
  if (!schema.empty() && !tools.calls.is_null()) return wrong_member("response_format", "text, where there are tools: the schema of a call is its function's");
  if (!schema.empty()) out.fields["schema"] = schema;
  if (!tools.calls.is_null()) out.fields["calls"] = tools.calls;
  PTAH_TRY_VOID(take_drawing(body, seed, {"max_tokens", "max_completion_tokens"}, out.fields));
  PTAH_TRY(out.logprobs, switch_member(body, "logprobs"));
  PTAH_TRY(const int64_t likeliest, whole_member(body, "top_logprobs", 0, 0, 20));
  if (likeliest > 0 && !out.logprobs) return wrong_member("top_logprobs", "only with logprobs");
  if (out.logprobs) out.fields["logprobs"] = likeliest;
  PTAH_TRY(out.choices, whole_member(body, "n", 1, 1, kMaxChatChoices));
  PTAH_TRY(out.stream, switch_member(body, "stream"));
  if (out.stream && out.choices > 1) return wrong_member("n", "1 with stream");
  const Json options = body.value("stream_options", Json());
  if (!options.is_null() && !options.is_object()) return wrong_member("stream_options", "an object is expected");
  if (options.is_object()) {
    PTAH_TRY(out.usage, switch_member(options, "include_usage"));
  }
  return out;
}

}  // namespace ptah
