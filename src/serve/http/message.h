// Requests and responses of HTTP, as handlers see them.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/progress.h"
#include "serve/http/stream.h"

namespace ptah {

/// Names and values; names of headers in small letters.
using HttpFields = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method, target;      ///< as they were sent
  std::string path;                ///< of the target, percent-decoded
  HttpFields query, headers;       ///< the query percent-decoded
  std::string body;                ///< decoded from chunks
  std::string peer;                ///< the address of the client; headers do not change it, unless a trusted proxy says them
  std::vector<std::string> parts;  ///< what stood in the {} of the route's path
  /// Cancelled when the client leaves or the server stops.
  std::shared_ptr<const CancelToken> gone;

  /// The first of that name (small letters), or empty.
  std::string_view header(std::string_view name) const;
  std::string_view query_value(std::string_view name) const;
  /// What follows "Bearer " in Authorization, or empty.
  std::string_view bearer() const;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::shared_ptr<const std::string> body;  ///< shared, so that a page is not copied for each client
  HttpFields headers;                       ///< stand in place of the server's default of the same name
  std::shared_ptr<HttpStream> stream;       ///< instead of a body; the connection ends with it

  static HttpResponse of(const Json& body, int status = 200);
  static HttpResponse text(std::string body, std::string content_type, int status = 200);
  /// {"error": message}
  static HttpResponse error(int status, const std::string& message);
  /// Server-sent events.
  static HttpResponse events(std::shared_ptr<HttpStream> stream);
};

using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

struct HttpRoute {
  std::string method;  ///< GET serves HEAD too
  std::string path;    ///< "/sessions/{}/quiz": a {} takes one segment, which goes to HttpRequest::parts
  HttpHandler handler;
  size_t max_body = 0;  ///< bytes; more is refused while it is read
  /// Sees the headers before the body is read; what it returns is the answer (no token, too many requests …).
  std::function<std::optional<HttpResponse>(const HttpRequest&)> gate = {};
  bool immediate = false;  ///< the handler is quick: it runs between other clients' bytes, even while all threads are busy
};

}  // namespace ptah
