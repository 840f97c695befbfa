// A local HTTP server for tests, on a free port of this computer.
#pragma once

#include <thread>

#include "serve/http/server.h"

namespace ptah {

class TestServer {
 public:
  /// Once all routes are there.
  void start() {
    url = http_address("127.0.0.1", value_or_throw(server.bind("127.0.0.1", 0)));
    thread_ = std::thread([this] { server.run(); });
  }
  ~TestServer() {
    if (!thread_.joinable()) return;
    server.stop();
    thread_.join();
  }
  /// What a POST is answered with.
  void post(const std::string& path, std::function<std::string(const std::string& body)> answer, const std::string& type = "application/json") {
    server.route({.method = "POST",
                  .path = path,
                  .handler = [answer = std::move(answer), type](const HttpRequest& request) { return HttpResponse::text(answer(request.body), type); },
                  .max_body = 1 << 20});
  }
  HttpServer server;
  std::string url;

 private:
  std::thread thread_;
};

}  // namespace ptah
