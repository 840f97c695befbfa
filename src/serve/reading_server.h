// Reading sessions over HTTP.
#pragma once

#include <mutex>

#include "apps/reading/reading.h"
#include "serve/http/server.h"

namespace ptah {

/// What one peer (an IPv4 address, 64 bits of an IPv6 one) may ask for in five minutes; more is answered with 429.
struct ReadingQuotas {
  size_t nonces = 1000, logins = 300;
};

/// Serves a room: GET / (the page for readers), GET /article, GET /nonce, POST /sessions {reader, nonce, expires, signature}, GET /sessions/ID/sections/N,
/// GET /sessions/ID/quiz (both with the token as Authorization: Bearer, or as ?token=, which proxies and histories keep),
/// POST /sessions/ID/answers {answers}, GET /vouchers/ADDRESS, GET /counts, GET /health. Answers are JSON; errors are {error} with the status of base/error.h.
/// Bodies of more than 8 KiB are refused.
class ReadingServer : public HttpServer {
 public:
  explicit ReadingServer(ReadingRoom& room, HttpOptions options = {}, ReadingQuotas quotas = {});

 private:
  std::mutex mutex_;
  PeerQuota nonces_, logins_;
};

}  // namespace ptah
