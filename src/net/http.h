// One exchange with a server over HTTP: the only place that speaks to libcurl.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/progress.h"

namespace ptah {

using ClientHeaders = std::map<std::string, std::string>;  ///< names in lower case

struct ClientResponse {
  int status = 0;                   ///< of the last answer; 0: none came
  ClientHeaders headers;            ///< of the last answer
  std::vector<ClientHeaders> hops;  ///< of those before it: redirects
  std::string body;                 ///< what `take` did not take; of an error (300 and above) its first 300 bytes
  std::string problem;              ///< why the exchange did not come to its end, printable; empty: it did
  bool passing = false;             ///< it failed in a way that another attempt may not: cut, late, or 408, 429, 5xx

  /// Came to its end with a status of 200 to 299.
  bool good() const { return problem.empty() && status >= 200 && status < 300; }
};

struct ClientRequest {
  std::string url;                        ///< http or https
  std::optional<std::string> post = {};   ///< the body to post; none: GET
  std::vector<std::string> headers = {};  ///< "Name: value"
  std::string bearer = {};                ///< an access token, sent to the first host only
  int64_t max_bytes = int64_t{1} << 20;   ///< of a good answer's body
  int redirects = 0;                      ///< followed at most; https is never left for http
  double connect_seconds = 10;
  double stall_seconds = 0;          ///< without a byte; 0: no limit
  double timeout_seconds = 0;        ///< of the whole exchange; 0: no limit
  bool environment_proxies = false;  ///< those that http_proxy, https_proxy, all_proxy and no_proxy name; never for this computer's own addresses
  const CancelToken* cancel = nullptr;
  /// Takes the body of a good answer piece by piece; an error ends the exchange.
  std::function<Result<void>(const ClientResponse& so_far, std::string_view piece)> take = {};
};

/// Keeps connections open between exchanges, one at a time.
class HttpClient {
 public:
  HttpClient();
  HttpClient(HttpClient&&) noexcept;
  HttpClient& operator=(HttpClient&&) noexcept;
  ~HttpClient();

  /// From now on only addresses of the public internet are connected to (public_address.h), whatever a name stands for: for requests whose URL a stranger
  /// chose.
  void stay_public();
  /// Certificates and host names are checked, TLS is 1.2 or later. What the server or the network did wrong stands in the response. Errors: invalid_argument
  /// (no http or https URL), over_budget (more than max_bytes), cancelled, internal, and those of `take`.
  Result<ClientResponse> exchange(const ClientRequest& request);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// One exchange on a connection of its own.
Result<ClientResponse> http_exchange(const ClientRequest& request);

/// Errors: invalid_argument (no http or https URL).
Result<void> check_http_url(const std::string& url);

/// Why a response is not good: not_found (404, 410), permission (401, 403), io, with the server's own words.
Error http_error(const std::string& url, const ClientResponse& response);

/// Waits before another attempt. Errors: cancelled.
Result<void> wait_to_retry(double seconds, const CancelToken* cancel);

struct PostOptions {
  size_t max_bytes = 1 << 20;  ///< of the answer
  double timeout_seconds = 20;
  std::string bearer = {};  ///< an access token
  bool environment_proxies = false;
};
/// Posts a body and returns the answer's, once, without following redirects. Errors: invalid_argument (no http or https address), permission (401, 403), io (no
/// answer, another status than 200, or one that is too long).
Result<std::string> http_post(const std::string& url, const std::string& content_type, const std::string& body, const PostOptions& options = {});

}  // namespace ptah
