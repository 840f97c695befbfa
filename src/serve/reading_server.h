// Reading sessions over HTTP.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "apps/reading.h"

namespace ptah {

/// Serves a room: GET / (the page for readers), GET /article, GET /nonce, POST /sessions {reader, nonce, expires, signature},
/// GET /sessions/ID/sections/N?token=, GET /sessions/ID/quiz?token=, POST /sessions/ID/answers {answers}, GET /vouchers/ADDRESS, GET /counts. Answers are JSON;
/// errors are {error} with the status of base/error.h. Bodies of more than 64 KiB are refused.
class ReadingServer {
 public:
  explicit ReadingServer(ReadingRoom& room);
  ~ReadingServer();
  /// Binds; 0 takes a free port. Errors: io.
  Result<int> bind(const std::string& host, int port);
  /// Serves until stop().
  void run();
  void stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ptah
