// An HTTP/1.1 server for hostile networks: one thread moves bytes, some run handlers. HTTP/2 and TLS are a reverse proxy's.
#pragma once

#include <memory>
#include <string>

#include "base/error.h"
#include "serve/http/policy.h"
#include "serve/http/request_head.h"

namespace ptah {

struct HttpOptions {
  HttpHeadLimits head = {};
  HttpPolicy policy = {};
  size_t max_connections = 2048;
  size_t max_connections_per_peer = 512;  ///< beyond it the peer's oldest connection that waits for a request makes room
  size_t max_body_bytes = 8 << 20;        ///< of all bodies that are being read, together
  size_t max_body_bytes_per_peer = 2 << 20;
  size_t max_running = 256;             ///< requests that run or wait for a thread; more get 503
  size_t threads = 8;                   ///< that run handlers
  double head_seconds = 10;             ///< from a request's first byte to the end of its headers
  double idle_seconds = 30;             ///< between requests
  double min_bytes_per_second = 16384;  ///< a body or answer gets head_seconds, and a second more for each of these
  double keep_alive_seconds = 15;       ///< a stream of events without one gets a comment
  double grace_seconds = 0.5;           ///< stop() lets answers that are underway end
};

/// Refused before a handler sees it: what parse_http_head() refuses; a Host or Origin that the policy does not allow; bodies over the route's limit, however
/// they come (and whatever the method); compressed bodies, extensions of chunks and trailers; several ranges (one range is answered with the whole).
/// GET /health answers {"status":"ok"} while everything else is busy.
class HttpServer {
 public:
  explicit HttpServer(HttpOptions options = {});
  virtual ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Before run().
  void route(HttpRoute route);
  /// Listens, alone: a port that another process listens on is an error. 0 takes a free one. Errors: io, permission, invalid_argument (no address of ours).
  Result<int> bind(const std::string& host, int port);
  /// Serves until stop(), which may come from any thread: connections are closed within grace_seconds, and handlers see it in HttpRequest::gone.
  void run();
  void stop();

  struct Counts {
    size_t connections = 0, accepted = 0, requests = 0, refused = 0, pushed_out = 0;
  };
  Counts counts() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// "http://127.0.0.1:8080", "http://[::1]:8080"
std::string http_address(const std::string& host, int port);

}  // namespace ptah
