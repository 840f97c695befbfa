#include "serve/api/api_server.h"

#include <sodium.h>

#include <algorithm>
#include <ctime>

#include "base/file.h"
#include "base/sha256.h"
#include "base/text.h"
#include "serve/api/answers.h"
#include "serve/api/apps/app_routes.h"
#include "serve/api/ollama/ollama_routes.h"
#include "serve/api/openai/language_request.h"
#include "serve/api/openai/openai_routes.h"
#include "serve/api/operation/metrics.h"
#include "serve/api/operation/queue_routes.h"
#include "serve/api/webui/webui_routes.h"
#include "serve/studio/studio.h"

namespace ptah {

namespace {

constexpr int64_t kHour = 3600;
constexpr int64_t kMaxListed = 200, kUsuallyListed = 50;
constexpr size_t kMaxNoBody = 4096;  ///< of a request that needs none
constexpr size_t kMaxIdempotencyKey = 255;
constexpr double kSecondsToFail = 3;  ///< a stream waits so long for its first event that is not one of the queue

/// Where a client of server-sent events was; nothing if it has not been here.
std::optional<int64_t> last_event_id(const HttpRequest& request) {
  if (const auto header = whole_number<int64_t>(request.header("last-event-id"))) return header;
  return whole_number<int64_t>(request.query_value("after"));
}

Json job_answer(const JobService& service, const AskedJob& asked) {
  Json out = service.view(service.stored(asked.id));
  out["shared"] = !asked.is_new;
  return out;
}

}  // namespace

ApiServer::ApiServer(JobService& service, const ApiKeys& keys, ApiOptions options)
    : HttpServer(options.http), service_(service), keys_(keys), options_(std::move(options)), webhooks_(service, options_.webhooks_anywhere) {
  add_jobs();
  add_files();
  add_model_routes(*this);
  add_chat_routes(*this);
  add_completion_routes(*this);
  add_embedding_routes(*this);
  add_image_routes(*this);
  add_response_routes(*this);
  add_speech_routes(*this);
  add_transcription_routes(*this);
  add_ollama_routes(*this);
  add_webui_routes(*this);
  add_queue_routes(*this);
  add_page_routes(*this);
  add_draft_routes(*this);
  add_works_routes(*this);
  add_own_routes(*this);
  add_chain_routes(*this);
  add_community_routes(*this);
  add_reading_routes(*this);
  add_catalog_routes(*this);
  add_feedback_routes(*this);
  add_app_routes(*this);
  add_pages();
}

// ---- who may -----------------------------------------------------------------------------------------------------------------------------------

std::optional<ApiServer::Caller> ApiServer::caller_of(const HttpRequest& request) const {
  if (!options_.keys) {
    const std::string &wanted = options_.session_key, sent(request.bearer());
    const bool may = wanted.empty() || (sent.size() == wanted.size() && sodium_memcmp(sent.data(), wanted.data(), wanted.size()) == 0);
    return may ? std::optional(Caller{}) : std::nullopt;
  }
  const auto key = keys_.find(request.bearer());
  if (!key) return {};
  return Caller{key->name, key->role, key->jobs_an_hour, key->unfinished};
}

std::optional<HttpResponse> ApiServer::refused(const HttpRequest& request, Needs needs) const {
  const auto caller = caller_of(request);
  if (!caller) {
    HttpResponse out = api_error(401, request.bearer().empty() ? "send a key of this server: Authorization: Bearer ptah_…" : "this is no key of this server",
                                 "invalid_api_key");
    out.headers.emplace_back("WWW-Authenticate", "Bearer");
    return out;
  }
  if (needs == Needs::making && caller->role == KeyRole::viewer) return api_error(403, "this key may look and not make", "permission");
  return {};
}

std::optional<HttpResponse> ApiServer::no_more(const Caller& caller, bool waits) const {
  const int max_waiting = std::max(1, static_cast<int>(options_.http.threads) / 2);
  if (service_.planning() >= (max_waiting + 1) / 2 || (waits && waiting_ >= max_waiting)) {
    HttpResponse out = api_error(503, "too many requests wait; try again", "overloaded");
    out.headers.emplace_back("Retry-After", "1");
    return out;
  }
  const auto refuse = [](const std::string& why, int64_t seconds) {
    HttpResponse out = api_error(429, why, "rate_limit_exceeded");
    out.headers = {{"Retry-After", std::to_string(seconds)}};
    return out;
  };
  JobStore& store = service_.store();
  if (caller.unfinished > 0 && store.unfinished_of(caller.name) >= caller.unfinished)
    return refuse(fmt::format("this key has {} jobs that are not done; {} at once are possible", store.unfinished_of(caller.name), caller.unfinished), 5);
  if (caller.jobs_an_hour > 0 && store.asked_since(caller.name, std::time(nullptr) - kHour) >= caller.jobs_an_hour)
    return refuse(fmt::format("this key has asked for {} jobs within an hour, which is all it may", caller.jobs_an_hour), 60);
  return {};
}

std::optional<HttpResponse> ApiServer::sent_otherwise(const HttpRequest& request, const Caller& caller) const {
  const std::string key(request.header("idempotency-key"));
  if (key.empty()) return {};
  if (key.size() > kMaxIdempotencyKey) return api_error(400, fmt::format("Idempotency-Key: at most {} bytes", kMaxIdempotencyKey), "invalid_argument");
  const bool form = request.header("content-type").starts_with("multipart/");  // whose boundary is another one each time
  const std::string digest = sha256_hex(as_bytes(request.path + "\n" + (form ? "" : request.body)));
  if (service_.store().same_request(caller.name, key, digest)) return {};
  return api_error(422, "this Idempotency-Key was sent with another request", "idempotency_key_reused");
}

// ---- answers -----------------------------------------------------------------------------------------------------------------------------------

ApiServer::Or<std::vector<int64_t>> ApiServer::ask_answers(const char* kind, const Json& fields, int64_t count, const Caller& caller) {
  std::vector<int64_t> out;
  for (int64_t i = 0; i < count; ++i) {
    Json one = fields;
    if (i > 0) one["seed"] = fields["seed"].get<uint64_t>() + static_cast<uint64_t>(i);
    auto refusal = no_more(caller, true);
    if (!refusal) {
      const auto asked = service_.ask_answer(kind, one, caller.name);
      if (asked) {
        service_.hold(asked->id);
        out.push_back(asked->id);
        continue;
      }
      refusal = api_error(asked.error());
    }
    for (const int64_t job : out) service_.release(job);
    return tl::unexpected(std::move(*refusal));
  }
  return out;
}

ApiServer::Or<std::vector<Job>> ApiServer::finished(const std::vector<int64_t>& jobs, const HttpRequest& request) {
  const CountWhile counted(waiting_);
  std::vector<Job> out;
  for (const int64_t job : jobs) {
    out.push_back(service_.wait(job, request.gone.get()));
    if (out.back().state != JobState::done) break;
  }
  for (const int64_t job : jobs) service_.release(job);
  if (out.back().state == JobState::failed) return tl::unexpected(language_error(out.back().error));
  if (out.back().state != JobState::done) return tl::unexpected(api_error(499, "the job was cancelled", "cancelled"));
  return out;
}

HttpResponse ApiServer::streamed(int64_t job, const HttpRequest& request, std::function<std::string(const JobEvent&)> shape, const char* content_type) {
  {
    const CountWhile counted(waiting_);
    const Job begun = service_.wait_for_news(job, kSecondsToFail, request.gone.get());
    if (begun.state == JobState::failed) {
      service_.release(job);
      return language_error(begun.error);
    }
  }
  EventShape told{.event = std::move(shape), .left = [this, job] { service_.release(job); }};
  HttpResponse out = HttpResponse::events(service_.events().follow(job, std::move(told)));
  out.content_type = content_type;
  out.headers = {{"X-Ptah-Job", job_name(job)}};
  return out;
}

// ---- routes ------------------------------------------------------------------------------------------------------------------------------------

void ApiServer::add(const char* method, const char* path, Needs needs, Handler handler, size_t max_body) {
  routes_.emplace_back(method, path);
  HttpRoute made{.method = method, .path = path, .max_body = max_body};
  made.gate = [this, needs](const HttpRequest& request) { return refused(request, needs); };
  made.handler = [this, needs, handler = std::move(handler)](const HttpRequest& request) {
    const auto caller = caller_of(request);
    if (!caller) return api_error(401, "this key was taken back", "invalid_api_key");
    if (needs == Needs::making && request.method == "POST")
      if (auto refusal = sent_otherwise(request, *caller)) return *refusal;
    const auto answer = guard([&]() -> Result<HttpResponse> { return handler(request, *caller); });
    return answer ? *answer : api_error(answer.error());
  };
  route(std::move(made));
}

void ApiServer::add_open(const char* path, std::function<HttpResponse(const HttpRequest&)> handler) {
  routes_.emplace_back("GET", path);
  route({.method = "GET", .path = path, .handler = std::move(handler), .immediate = true});
}

// ---- jobs --------------------------------------------------------------------------------------------------------------------------------------

HttpResponse ApiServer::post_job(const HttpRequest& request, const Caller& caller) {
  const auto body = body_of_request(request);
  if (!body) return api_error(body.error(), 400);
  for (const auto& [name, value] : body->items())
    if (name != "kind" && name != "request" && name != "lane" && name != "webhook")
      return api_error(422, fmt::format("`{}` is no member of a job; kind, request, lane and webhook are", printable(name, 80)), "invalid_argument",
                       printable(name, 80));
  const std::string kind = text_at(*body, "kind"), lane = text_at(*body, "lane");
  if (kind.empty()) return api_error(422, "`kind` is missing: what to make, e.g. \"create\" (GET /v1/recipes)", "invalid_argument", "kind");
  if (!lane.empty() && lane != "interactive" && lane != "batch") return api_error(422, "`lane`: interactive or batch", "invalid_argument", "lane");
  std::optional<Webhook> hook;
  if (const Json said = body->value("webhook", Json()); !said.is_null()) {
    auto checked = webhook_of(said, caller.name);
    if (!checked) return api_error(checked.error());
    hook = std::move(*checked);
  }
  if (auto refusal = no_more(caller, false)) return *refusal;
  const auto asked = service_.ask(kind, body->value("request", Json::object()), caller.name, JobService::For::later, lane == "batch");
  if (!asked) return api_error(asked.error());
  if (hook) {
    hook->job = asked->id;
    service_.store().add_webhook(*hook);
  }
  HttpResponse out = HttpResponse::of(job_answer(service_, *asked), asked->made ? 200 : 202);
  out.headers = {{"Location", "/v1/jobs/" + job_name(asked->id)}, {"X-Ptah-Cache", asked->made ? "hit" : asked->is_new ? "miss" : "shared"}};
  return out;
}

HttpResponse ApiServer::list_jobs(const HttpRequest& request, const Caller& caller, bool in_bin) const {
  const std::string_view said = request.query_value("limit");
  const int64_t limit = said.empty() ? kUsuallyListed : whole_number<int64_t>(said).value_or(0);
  if (limit < 1 || limit > kMaxListed) return api_error(400, fmt::format("`limit`: 1 to {} are possible", kMaxListed), "invalid_argument", "limit");
  const std::string_view before = request.query_value("before");
  if (!before.empty() && job_number(before) == 0) return api_error(400, "`before` is no job", "invalid_argument", "before");
  const std::vector<Job> jobs = service_.store().asked_by(caller.name, job_number(before), limit + 1, in_bin);
  const auto places = service_.places();
  Json list = Json::array();
  for (const Job& job : jobs)
    if (static_cast<int64_t>(list.size()) < limit) list.push_back(service_.view(job, &places));
  return HttpResponse::of({{"object", "list"}, {"data", std::move(list)}, {"has_more", static_cast<int64_t>(jobs.size()) > limit}});
}

HttpResponse ApiServer::content(const HttpRequest& request, const Caller& caller) const {
  const auto job = service_.find(request.parts[0], caller.name);
  if (!job) return api_error(job.error());
  for (const JobOutput& output : job->outputs)
    if (output.name == request.parts[1]) return file_answer(request, service_.store().place_of(output), output.sha256, content_type_of(output.name));
  return api_error(404, fmt::format("{} has no {} (it is {})", request.parts[0], printable(request.parts[1], 80), status_name(job->state)), "not_found");
}

void ApiServer::add_jobs() {
  using In = HttpRequest;
  add(
      "POST", "/v1/jobs", Needs::making, [this](const In& in, const Caller& who) { return post_job(in, who); }, options_.max_request_bytes);
  add("GET", "/v1/jobs", Needs::looking, [this](const In& in, const Caller& who) { return list_jobs(in, who, false); });
  add("GET", "/v1/jobs/{}", Needs::looking, [this](const In& in, const Caller& who) {
    const auto job = service_.find(in.parts[0], who.name);
    return job ? HttpResponse::of(service_.view(*job)) : api_error(job.error());
  });
  add("DELETE", "/v1/jobs/{}", Needs::making, [this](const In& in, const Caller& who) {
    const auto job = service_.find(in.parts[0], who.name);
    if (!job) return api_error(job.error());
    const auto cancelled = service_.cancel(*job, who.name);
    if (!cancelled) return api_error(cancelled.error());
    if (*cancelled) return HttpResponse::of({{"id", in.parts[0]}, {"object", "job"}, {"status", "cancelled"}});
    if (!service_.store().put_into_bin(job->id, who.name)) return api_error(409, in.parts[0] + " is in the bin already", "mismatch");
    return HttpResponse::of({{"id", in.parts[0]}, {"object", "job"}, {"status", status_name(job->state)}, {"deleted", true}});
  });
  add(
      "POST", "/v1/jobs/{}/restore", Needs::making,
      [this](const In& in, const Caller& who) {
        const auto job = service_.find(in.parts[0], who.name);
        if (!job) return api_error(job.error());
        if (!service_.store().take_from_bin(job->id, who.name)) return api_error(409, in.parts[0] + " is not in the bin", "mismatch");
        return HttpResponse::of(service_.view(*job));
      },
      kMaxNoBody);
  add("GET", "/v1/bin", Needs::looking, [this](const In& in, const Caller& who) { return list_jobs(in, who, true); });
  add("DELETE", "/v1/bin", Needs::making, [this](const In&, const Caller& who) {
    return HttpResponse::of({{"object", "bin"}, {"deleted", service_.store().empty_bin(who.name)}});
  });
  add("GET", "/v1/jobs/{}/events", Needs::looking, [this](const In& in, const Caller& who) {
    const auto job = service_.find(in.parts[0], who.name);
    return job ? HttpResponse::events(service_.events().follow(job->id, last_event_id(in).value_or(0))) : api_error(job.error());
  });
  add("GET", "/v1/jobs/{}/preview", Needs::looking, [this](const In& in, const Caller& who) {
    const auto job = service_.find(in.parts[0], who.name);
    if (!job) return api_error(job.error());
    const auto preview = service_.events().preview(job->id);
    if (!preview) return api_error(404, "there is no preview (any more)", "not_found");
    HttpResponse out;
    out.content_type = "image/png";
    out.body = preview->png;
    out.headers = {{"X-Ptah-Step", std::to_string(preview->step)}};
    return out;
  });
  add("GET", "/v1/jobs/{}/content/{}", Needs::looking, [this](const In& in, const Caller& who) { return content(in, who); });
  add("GET", "/v1/events", Needs::looking,
      [this](const In& in, const Caller& who) { return HttpResponse::events(service_.events().follow_all(who.name, last_event_id(in).value_or(-1))); });
  add(
      "POST", "/v1/plan", Needs::making,
      [this](const In& in, const Caller& who) {
        const auto body = body_of_request(in);
        if (!body) return api_error(body.error(), 400);
        if (auto refusal = no_more(who, false)) return *refusal;
        const auto plan = service_.plan(text_at(*body, "kind"), body->value("request", Json::object()), who.name);
        if (!plan) return api_error(plan.error());
        return HttpResponse::of({{"object", "plan"}, {"bytes", plan->peak_bytes}, {"seconds", plan->seconds}});
      },
      options_.max_request_bytes);
}

// ---- files and recipes -------------------------------------------------------------------------------------------------------------------------

void ApiServer::add_files() {
  using In = HttpRequest;
  const auto digest = [](const In& in) { return in.parts[0].starts_with("sha256:") ? in.parts[0].substr(7) : ""; };
  add(
      "PUT", "/v1/blobs/{}", Needs::making,
      [this, digest](const In& in, const Caller& who) {
        const auto put = service_.files().put(who.name, digest(in), as_bytes(in.body));
        if (!put) return api_error(put.error());
        return HttpResponse::of({{"object", "blob"}, {"id", in.parts[0]}, {"bytes", in.body.size()}}, 201);
      },
      options_.max_blob_bytes);
  add(
      "POST", "/v1/blobs", Needs::making,
      [this](const In& in, const Caller& who) {
        const std::string name = sha256_hex(as_bytes(in.body));
        const auto put = service_.files().put(who.name, name, as_bytes(in.body));
        if (!put) return api_error(put.error());
        return HttpResponse::of({{"object", "blob"}, {"id", "sha256:" + name}, {"bytes", in.body.size()}}, 201);
      },
      options_.max_blob_bytes);
  add("GET", "/v1/blobs/{}", Needs::looking, [this, digest](const In& in, const Caller& who) {
    const auto file = service_.files().find(who.name, digest(in));
    return file ? file_answer(in, *file, digest(in), "application/octet-stream") : api_error(file.error(), 404);
  });
  add("GET", "/v1/recipes", Needs::looking, [](const In&, const Caller&) {
    Json list = Json::array();
    for (const Recipe& recipe : recipes()) {
      Json files = Json::array();
      for (const SchemaField& field : recipe.schema->fields())
        if (field.is_file()) files.push_back(field.name);
      list.push_back({{"id", recipe.name()}, {"object", "recipe"}, {"purpose", recipe.purpose()}, {"files", files}, {"schema", recipe.schema->json_schema()}});
    }
    return HttpResponse::of({{"object", "list"}, {"data", std::move(list)}});
  });
  add("GET", "/v1/recipes/{}", Needs::looking, [](const In& in, const Caller&) {
    const auto recipe = find_recipe(in.parts[0]);
    return recipe ? HttpResponse::of((*recipe)->schema->json_schema()) : api_error(recipe.error(), 404);
  });
  route({.method = "GET", .path = "/ready", .handler = [this](const In&) {
           const auto problem = service_.problem();
           return problem ? api_error(503, problem->message, error_info(problem->code).name) : HttpResponse::of({{"status", "ready"}});
         }});
}

void ApiServer::add_pages() {
  route({.method = "GET", .path = "/openapi.json", .handler = [this](const HttpRequest&) { return HttpResponse::of(openapi_document(routes_)); }});
  routes_.emplace_back("GET", "/openapi.json");
  add("GET", "/metrics", Needs::looking,
      [this](const HttpRequest&, const Caller&) { return HttpResponse::text(metrics_text(service_, counts()), "text/plain; version=0.0.4; charset=utf-8"); });
}

}  // namespace ptah
