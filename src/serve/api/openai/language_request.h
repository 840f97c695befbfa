// What requests of OpenAI's interface to language models have in common: the model, how tokens are drawn, the form of the answer, errors.
#pragma once

#include <vector>

#include "models/pull.h"
#include "models/registry.h"
#include "serve/api/answers.h"
#include "serve/api/job_service.h"

namespace ptah {

/// fail_field() for a member of a request, with its name before the reason.
tl::unexpected<Error> wrong_member(const std::string& name, const std::string& why);

/// The models that are here: what may be asked for.
std::vector<Model> models_here();
/// The model that a request names, or the usual one. Errors: not_found, with the field.
Result<std::string> model_of(const Json& body, const char* usual);
inline constexpr const char* kUsualChatModel = kAnyChatModelName;

/// A whole number among the members; `usual` if it is missing or null. Errors: invalid_argument, with the field.
Result<int64_t> whole_member(const Json& body, const char* name, int64_t usual, int64_t min, int64_t max);
/// A switch that is missing or null is off. Errors: invalid_argument, with the field.
Result<bool> switch_member(const Json& body, const char* name);

/// Takes how tokens are drawn into the fields of a job: temperature, top_p, penalties, seed (or `seed`), stop, logit_bias, and the number of tokens by one of
/// `max_names` (the last that is given). Errors: invalid_argument, with the field.
Result<void> take_drawing(const Json& body, uint64_t seed, std::initializer_list<const char*> max_names, Json& fields);

/// The schema that an answer has to satisfy, as a text; empty: none. `format` is {"type": "text"}, {"type": "json_object"} or {"type": "json_schema"} with the
/// schema as OpenAI's chat ("json_schema": {"schema"}) or responses ("schema") have it; members of objects keep their order. Errors: invalid_argument, naming
/// `field`.
Result<std::string> schema_of_format(const OrderedJson& format, const std::string& field);

/// An error of a job or request to a language model, with OpenAI's codes.
HttpResponse language_error(const Error& error);
/// "stop", "length" or "tool_calls".
const char* finish_reason(const Json& facts);
/// {"prompt_tokens", "completion_tokens", "total_tokens"} of some answers to one prompt.
Json usage_of(const std::vector<Job>& jobs);
/// The text of JSON from a model or client, which may hold bytes that are no UTF-8.
std::string dumped(const Json& json);

/// A job whose worker ends is begun again and tells the same once more; this gives what a follower has not heard.
class Unheard {
 public:
  /// Of {"event": "text"}: the text that is new, with its log probabilities in `logprobs` if all of it is.
  std::string text(const JobEvent& event, Json* logprobs = nullptr);
  /// Of {"event": "call"}: whether it is new.
  bool call(const JobEvent& event);
  /// Call it for every event.
  void see(const JobEvent& event);

 private:
  size_t at_ = 0, heard_ = 0, calls_ = 0, heard_calls_ = 0;
};

/// Holds jobs for whoever waits for them (JobService::hold).
class HeldJobs {
 public:
  explicit HeldJobs(JobService& service) : service_(service) {}
  ~HeldJobs() {
    for (const int64_t id : ids_) service_.release(id);
  }
  HeldJobs(const HeldJobs&) = delete;
  HeldJobs& operator=(const HeldJobs&) = delete;
  void add(int64_t id) {
    service_.hold(id);
    ids_.push_back(id);
  }
  /// Somebody else releases them.
  void leave() { ids_.clear(); }

 private:
  JobService& service_;
  std::vector<int64_t> ids_;
};

}  // namespace ptah
