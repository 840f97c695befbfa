#include "serve/api/operation/queue_routes.h"

#include "base/hex.h"
#include "serve/api/answers.h"
#include "serve/api/api_server.h"
#include "serve/http/router.h"

namespace ptah {

namespace {

std::string digest_of(const HttpRequest& in) {
  const std::string& said = in.parts[1];
  return said.starts_with("sha256:") && is_hex(said.substr(7), 64) ? said.substr(7) : "";
}

constexpr size_t kMaxBroughtBytes = 120 << 20;  ///< of one file of a work

int64_t number_of_job(const HttpRequest& in) { return whole_number<int64_t>(in.parts[0]).value_or(0); }

}  // namespace

void add_queue_routes(ApiServer& server) {
  const RemoteQueue* queue = server.service().remote();
  if (!queue) return;
  // Keys of users do not count here, and tokens of jobs nowhere else.
  server.route({.method = "GET", .path = "/v1/queue/{}/files/{}", .handler = [queue](const HttpRequest& in) {
                  const auto file = queue->file(number_of_job(in), in.bearer(), digest_of(in));
                  return file ? file_answer(in, *file, digest_of(in), "application/octet-stream") : api_error(file.error());
                }});
  HttpRoute bring{.method = "POST", .path = "/v1/queue/{}/files/{}", .max_body = kMaxBroughtBytes};
  bring.gate = [queue](const HttpRequest& in) -> std::optional<HttpResponse> {  // before the body is read
    const auto may = queue->check_token(number_of_job(in), in.bearer());
    return may ? std::nullopt : std::optional(api_error(may.error()));
  };
  bring.handler = [queue](const HttpRequest& in) {
    const auto brought = queue->bring(number_of_job(in), in.bearer(), digest_of(in), as_bytes(in.body));
    return brought ? HttpResponse::of({{"object", "blob"}, {"id", in.parts[1]}, {"bytes", in.body.size()}}, 201) : api_error(brought.error());
  };
  server.route(std::move(bring));
  server.add("GET", "/v1/workers", ApiServer::Needs::looking, [queue](const HttpRequest&, const ApiServer::Caller&) {
    Json list = Json::array();
    for (const WorkerSeen& worker : queue->workers())
      list.push_back({{"id", worker.name},
                      {"object", "worker"},
                      {"path", worker.path},
                      {"classes", worker.classes},
                      {"slots", worker.slots},
                      {"busy", worker.busy},
                      {"usable", queue->usable(worker)}});
    return HttpResponse::of({{"object", "list"}, {"data", std::move(list)}});
  });
}

}  // namespace ptah
