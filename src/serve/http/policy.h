// Who may talk to a server, and what a browser may do with its answers.
#pragma once

#include <ctime>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "serve/http/message.h"

namespace ptah {

struct HttpPolicy {
  /// Names besides this computer's own that a request may give as its Host. On loopback anything else is refused (421), so that a page whose name was pointed
  /// at 127.0.0.1 cannot talk to the server; elsewhere anything else is refused if this is not empty.
  std::vector<std::string> hosts = {};
  /// Origins (https://example.org) whose pages may read the answers; none: no CORS header is ever sent.
  std::vector<std::string> origins = {};
  /// Addresses of proxies: a request that comes from one is of the client that the last entry of its X-Forwarded-For names.
  std::vector<std::string> proxies = {};
};

/// May this Host be asked for on a connection that came in on this address of ours?
bool host_allowed(std::string_view host, bool loopback, const HttpPolicy& policy);
/// May a page of this origin change something (no Origin: no page)? Its own host may, and the policy's origins.
bool origin_allowed(std::string_view origin, std::string_view host, const HttpPolicy& policy);
/// The client's address: the connection's, or what a trusted proxy says.
std::string client_address(const std::string& connected, const HttpRequest& request, const HttpPolicy& policy);
/// One peer: an IPv4 address, or the first 64 bits of an IPv6 one (a household or server has as many of the others as it likes).
std::string peer_of(const std::string& address);

/// What every answer carries, unless the response names another value: not framed, not sniffed, not kept, nothing loaded. With the headers of CORS, if the
/// request's origin is among the policy's.
HttpFields answer_headers(const HttpRequest& request, const HttpResponse& response, const HttpPolicy& policy);

/// 'sha256-…' of an inline script or style, for a content security policy.
std::string csp_hash(std::string_view text);

/// "Sun, 06 Nov 1994 08:49:37 GMT", in English whatever the locale is.
std::string http_date(std::time_t now);

/// So many an interval for each peer. Not for many threads at once.
class PeerQuota {
 public:
  PeerQuota(size_t count, double seconds, size_t max_peers = 65536) : count_(count), seconds_(seconds), max_peers_(max_peers) {}
  /// Takes one. False: the peer had its share; `now` in seconds of a clock that does not go back.
  bool take(const std::string& peer, double now);
  size_t peers() const { return windows_.size(); }

 private:
  struct Window {
    double began = 0;
    size_t taken = 0;
  };
  size_t count_;
  double seconds_;
  size_t max_peers_;
  std::unordered_map<std::string, Window> windows_;
};

}  // namespace ptah
