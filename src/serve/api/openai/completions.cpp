// POST /v1/completions: texts that go on with a prompt, as `ptah generate` writes them.
#include "serve/api/openai/completions.h"

#include <algorithm>

#include "jobs/language_answers.h"
#include "serve/api/openai/language_request.h"
#include "serve/api/openai/openai_routes.h"

namespace ptah {

namespace {

constexpr int64_t kMaxCompletions = 32;
constexpr int64_t kUsualCompletionTokens = 16;  ///< OpenAI's

struct CompletionAsking {
  Json fields;                       ///< of each job, without the prompt
  std::vector<std::string> prompts;  ///< each of them `choices` times
  int64_t choices = 1;
  bool stream = false, usage = false, echo = false;
};

Result<std::vector<std::string>> prompts_of(const Json& prompt) {
  if (prompt.is_string()) return std::vector<std::string>{prompt.get<std::string>()};
  const bool texts = prompt.is_array() && !prompt.empty() && prompt.size() <= static_cast<size_t>(kMaxCompletions) &&
                     std::all_of(prompt.begin(), prompt.end(), [](const Json& one) { return one.is_string(); });
  if (!texts) return wrong_member("prompt", fmt::format("a text, or 1 to {} of them; tokens are not taken", kMaxCompletions));
  return prompt.get<std::vector<std::string>>();
}

Result<CompletionAsking> completion_asking(const Json& body, uint64_t seed) {
  CompletionAsking out;
  if (const Json suffix = body.value("suffix", Json()); !suffix.is_null() && !(suffix.is_string() && suffix.get_ref<const std::string&>().empty()))
    return fail_field("suffix", ErrorCode::invalid_argument, "`suffix` is not supported");
  PTAH_TRY(const std::string model, model_of(body, kUsualChatModel));
  PTAH_TRY(out.prompts, prompts_of(body.value("prompt", Json())));
  out.fields = {{"model", model}, {"max_tokens", kUsualCompletionTokens}, {"temperature", 1}, {"top_p", 1}};
  PTAH_TRY_VOID(take_drawing(body, seed, {"max_tokens"}, out.fields));
  PTAH_TRY(const int64_t likeliest, whole_member(body, "logprobs", -1, 0, 20));
  if (likeliest >= 0) out.fields["logprobs"] = likeliest;
  PTAH_TRY(out.choices, whole_member(body, "n", 1, 1, kMaxCompletions));
  PTAH_TRY(const int64_t best_of, whole_member(body, "best_of", out.choices, 1, kMaxCompletions));
  if (best_of != out.choices) return wrong_member("best_of", "as many as n");
  PTAH_TRY(out.stream, switch_member(body, "stream"));
  PTAH_TRY(out.echo, switch_member(body, "echo"));
  if (out.echo && likeliest >= 0) return wrong_member("echo", "not with logprobs");
  const int64_t all = out.choices * static_cast<int64_t>(out.prompts.size());
  if (all > kMaxCompletions) return wrong_member("n", fmt::format("at most {} texts at once", kMaxCompletions));
  if (out.stream && all > 1) return wrong_member("n", "one text with stream");
  const Json options = body.value("stream_options", Json());
  if (options.is_object()) {
    PTAH_TRY(out.usage, switch_member(options, "include_usage"));
  }
  return out;
}

/// In the shape that completions have had since before chats; `offset`: bytes before the first.
Json completion_logprobs(const Json& entries, size_t offset) {
  if (!entries.is_array()) return nullptr;
  Json tokens = Json::array(), likelihoods = Json::array(), likeliest = Json::array(), offsets = Json::array();
  for (const Json& one : entries) {
    tokens.push_back(one["token"]);
    likelihoods.push_back(one["logprob"]);
    Json others = Json::object();
    for (const Json& other : one["top_logprobs"]) others[other["token"].get<std::string>()] = other["logprob"];
    likeliest.push_back(std::move(others));
    offsets.push_back(offset);
    offset += one["bytes"].size();
  }
  return {{"tokens", tokens}, {"token_logprobs", likelihoods}, {"top_logprobs", likeliest}, {"text_offset", offsets}};
}

Json completion_head(const Job& job, Json choices) {
  return {{"id", "cmpl-" + job_name(job.id)},
          {"object", "text_completion"},
          {"created", job.created},
          {"model", text_at(job.fields, "model")},
          {"choices", std::move(choices)}};
}

class CompletionChunks {
 public:
  CompletionChunks(JobService& service, Job job, const CompletionAsking& asked)
      : service_(service), job_(std::move(job)), usage_(asked.usage), echo_(asked.echo) {}

  std::string operator()(const JobEvent& event) {
    std::string out;
    unheard_.see(event);
    const std::string what = text_at(event.what, "event");
    const auto send = [&](const std::string& text, const Json& reason, const Json& logprobs) {
      out += HttpStream::event(dumped(completion_head(job_, Json::array({{{"index", 0}, {"text", text}, {"logprobs", logprobs}, {"finish_reason", reason}}}))));
    };
    if (echo_ && (what == "text" || what == "done")) {
      echo_ = false;
      send(text_at(job_.fields, "prompt"), nullptr, nullptr);
    }
    if (what == "text") {
      Json logprobs;
      const std::string news = unheard_.text(event, &logprobs);
      if (!news.empty()) send(news, nullptr, completion_logprobs(logprobs, sent_));
      sent_ += news.size();
    }
    if (what == "done") {
      const Job done = service_.stored(job_.id);
      send("", finish_reason(done.facts), nullptr);
      if (usage_) {
        Json last = completion_head(job_, Json::array());
        last["usage"] = usage_of({done});
        out += HttpStream::event(dumped(last));
      }
      out += HttpStream::event("[DONE]");
    }
    if (what == "failed") out += HttpStream::event(*language_error(service_.stored(job_.id).error).body);
    if (what == "cancelled") out += HttpStream::event(*api_error(499, "the job was cancelled", "cancelled").body);
    return out;
  }

 private:
  JobService& service_;
  Job job_;
  bool usage_, echo_;
  Unheard unheard_;
  size_t sent_ = 0;
};

HttpResponse complete(ApiServer& server, const HttpRequest& request, const ApiServer::Caller& caller) {
  const auto body = body_of_request(request);
  if (!body) return api_error(body.error(), 400);
  const auto asked = guard([&] { return completion_asking(*body, seed_of(request, caller.name)); });
  if (!asked) return language_error(asked.error());
  std::vector<int64_t> jobs;
  for (const std::string& prompt : asked->prompts) {
    Json fields = asked->fields;
    fields["prompt"] = prompt;
    const auto more = server.ask_answers(kCompletionJob, fields, asked->choices, caller);
    if (!more) {
      for (const int64_t job : jobs) server.service().release(job);
      return more.error();
    }
    jobs.insert(jobs.end(), more->begin(), more->end());
  }
  if (asked->stream) return server.streamed(jobs[0], request, CompletionChunks(server.service(), server.service().stored(jobs[0]), *asked));
  const auto done = server.finished(jobs, request);
  if (!done) return done.error();
  Json choices = Json::array();
  int64_t prompt_tokens = 0;
  for (size_t i = 0; i < done->size(); ++i) {
    const Job& job = (*done)[i];
    const std::string text = (asked->echo ? text_at(job.fields, "prompt") : "") + text_at(job.facts, "text");
    choices.push_back(
        {{"index", i}, {"text", text}, {"logprobs", completion_logprobs(job.facts.value("logprobs", Json()), 0)}, {"finish_reason", finish_reason(job.facts)}});
    if (static_cast<int64_t>(i) % asked->choices == 0) prompt_tokens += job.facts.value("prompt_tokens", int64_t{0});
  }
  Json answer = completion_head(done->front(), std::move(choices));
  answer["usage"] = usage_of(*done);
  answer["usage"]["prompt_tokens"] = prompt_tokens;
  answer["usage"]["total_tokens"] = prompt_tokens + answer["usage"]["completion_tokens"].get<int64_t>();
  HttpResponse out = HttpResponse::text(dumped(answer), "application/json");
  out.headers = {{"X-Ptah-Job", job_name(done->front().id)}};
  return out;
}

}  // namespace

Result<Json> completion_fields(const Json& body, uint64_t seed) {
  PTAH_TRY(const CompletionAsking asked, completion_asking(body, seed));
  Json out = asked.fields;
  out["prompt"] = asked.prompts.front();
  if (body.value("max_tokens", Json()).is_null()) out.erase("max_tokens");
  return out;
}

void add_completion_routes(ApiServer& server) {
  server.add(
      "POST", "/v1/completions", ApiServer::Needs::making, [&server](const HttpRequest& in, const ApiServer::Caller& who) { return complete(server, in, who); },
      server.max_request_bytes());
}

}  // namespace ptah
