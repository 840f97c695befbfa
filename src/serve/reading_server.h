// Reading sessions over HTTP.
#pragma once

#include "apps/reading.h"
#include "serve/http_server.h"

namespace ptah {

/// Serves a room: GET / (the page for readers), GET /article, GET /nonce, POST /sessions {reader, nonce, expires, signature},
/// GET /sessions/ID/sections/N?token=, GET /sessions/ID/quiz?token=, POST /sessions/ID/answers {answers}, GET /vouchers/ADDRESS, GET /counts. Answers are JSON;
/// errors are {error} with the status of base/error.h. Bodies of more than 64 KiB are refused.
class ReadingServer : public HttpServer {
 public:
  explicit ReadingServer(ReadingRoom& room);
};

}  // namespace ptah
