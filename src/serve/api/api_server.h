// `ptah serve`: jobs over HTTP, what OpenAI's clients ask for, and the studio's page.
#pragma once

#include <memory>

#include "serve/api/api_keys.h"
#include "serve/api/job_service.h"
#include "serve/http/server.h"

namespace ptah {

struct ApiOptions {
  HttpOptions http = {};
  bool keys = false;                   ///< only who sends a key of ApiKeys is served; else everybody is, without a name
  size_t max_blob_bytes = 64 << 20;    ///< of one file that is put here
  size_t max_request_bytes = 4 << 20;  ///< of a request's JSON
};

class ApiServer : public HttpServer {
 public:
  /// `service` and `keys` must outlive it.
  ApiServer(JobService& service, const ApiKeys& keys, ApiOptions options = {});

 private:
  struct Caller {
    std::string name;  ///< of the key; empty: nobody's
    KeyRole role = KeyRole::maker;
    int64_t jobs_an_hour = 0, unfinished = 0;
  };
  using Handler = std::function<HttpResponse(const HttpRequest&, const Caller&)>;
  enum class Needs { looking, making };
  /// Adds a route for those who may.
  void add(const char* method, const char* path, Needs needs, Handler handler, size_t max_body = 0);
  std::optional<Caller> caller_of(const HttpRequest& request) const;
  /// What is answered to who may not; nothing if they may.
  std::optional<HttpResponse> refused(const HttpRequest& request, Needs needs) const;
  /// The same to everybody while so many wait for plans, or (`waits`) for answers, that nobody else would be served.
  std::optional<HttpResponse> busy(bool waits) const;
  /// The same to who asked for too much already.
  std::optional<HttpResponse> over_limit(const Caller& caller) const;

  void add_jobs();
  void add_files();
  void add_openai();
  void add_pages();
  HttpResponse post_job(const HttpRequest& request, const Caller& caller);
  HttpResponse list_jobs(const HttpRequest& request, const Caller& caller) const;
  HttpResponse content(const HttpRequest& request, const Caller& caller) const;
  HttpResponse generate_images(const HttpRequest& request, const Caller& caller);
  HttpResponse speak(const HttpRequest& request, const Caller& caller);
  HttpResponse embed(const HttpRequest& request, const Caller& caller);
  HttpResponse chat(const HttpRequest& request, const Caller& caller);

  JobService& service_;
  const ApiKeys& keys_;
  ApiOptions options_;
  std::atomic<int> waiting_{0};  ///< threads that wait for an answer's work
};

}  // namespace ptah
