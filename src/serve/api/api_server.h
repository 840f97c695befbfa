// `ptah serve`: jobs over HTTP, what OpenAI's clients ask for, and the studio's page.
#pragma once

#include <memory>

#include "serve/api/api_keys.h"
#include "serve/api/job_service.h"
#include "serve/api/operation/openapi.h"
#include "serve/api/operation/webhooks.h"
#include "serve/http/server.h"

namespace ptah {

struct ApiOptions {
  HttpOptions http = {};
  bool keys = false;                   ///< only who sends a key of ApiKeys is served; else everybody is, without a name
  std::string session_key;             ///< without keys: what the one user has to send; empty: nothing
  bool webhooks_anywhere = false;      ///< also to this computer and private networks
  size_t max_blob_bytes = 64 << 20;    ///< of one file that is put here
  size_t max_request_bytes = 4 << 20;  ///< of a request's JSON
};

class ApiServer : public HttpServer {
 public:
  /// `service` and `keys` must outlive it.
  ApiServer(JobService& service, const ApiKeys& keys, ApiOptions options = {});

  // For the groups of routes.
  struct Caller {
    std::string name;  ///< of the key; empty: nobody's
    KeyRole role = KeyRole::maker;
    int64_t jobs_an_hour = 0, unfinished = 0;
  };
  using Handler = std::function<HttpResponse(const HttpRequest&, const Caller&)>;
  enum class Needs { looking, making };
  /// Adds a route for those who may.
  void add(const char* method, const char* path, Needs needs, Handler handler, size_t max_body = 0);
  /// Adds a route that needs no key, as those of the page; the handler is quick.
  void add_open(const char* path, std::function<HttpResponse(const HttpRequest&)> handler);
  JobService& service() { return service_; }
  const JobService& service() const { return service_; }
  /// Whether everybody who reaches the server is the user of this computer, with their keys and models.
  bool single_user() const { return !options_.keys; }
  /// All that were added, in their order, and those of the page and of GET /health.
  const std::vector<RouteName>& routes() const { return routes_; }
  size_t max_request_bytes() const { return options_.max_request_bytes; }
  size_t max_blob_bytes() const { return options_.max_blob_bytes; }
  /// What is answered to who may not have more work done now: everybody while so many wait for plans, or (`waits`) for answers, that nobody else would be
  /// served; who asked for too much already.
  std::optional<HttpResponse> no_more(const Caller& caller, bool waits) const;

  template <class T>
  using Or = tl::expected<T, HttpResponse>;  ///< or what is answered instead
  /// Asks for answers that make no work (jobs/language_answers.h), whose seeds follow one another, and holds them.
  Or<std::vector<int64_t>> ask_answers(const char* kind, const Json& fields, int64_t count, const Caller& caller);
  /// Waits until held jobs are done, and releases them.
  Or<std::vector<Job>> finished(const std::vector<int64_t>& jobs, const HttpRequest& request);
  /// A held job as a stream; who fails at once gets the status of the error.
  HttpResponse streamed(int64_t job, const HttpRequest& request, std::function<std::string(const JobEvent&)> shape,
                        const char* content_type = "text/event-stream");

 private:
  std::optional<Caller> caller_of(const HttpRequest& request) const;
  /// What is answered to who may not; nothing if they may.
  std::optional<HttpResponse> refused(const HttpRequest& request, Needs needs) const;
  /// What is answered to an Idempotency-Key that is none, or that was another request's.
  std::optional<HttpResponse> sent_otherwise(const HttpRequest& request, const Caller& caller) const;

  void add_jobs();
  void add_files();
  void add_pages();
  HttpResponse post_job(const HttpRequest& request, const Caller& caller);
  HttpResponse list_jobs(const HttpRequest& request, const Caller& caller, bool in_bin) const;
  HttpResponse content(const HttpRequest& request, const Caller& caller) const;

  JobService& service_;
  const ApiKeys& keys_;
  ApiOptions options_;
  std::vector<RouteName> routes_{{"GET", "/health"}, {"GET", "/ready"}};
  WebhookSender webhooks_;
  std::atomic<int> waiting_{0};  ///< threads that wait for an answer's work
};

}  // namespace ptah
