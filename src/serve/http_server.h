// What the servers share: an address to listen on, and the end.
#pragma once

#include <memory>
#include <string>

#include "base/error.h"

namespace httplib {
class Server;
}

namespace ptah {

class HttpServer {
 public:
  virtual ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  /// Binds; 0 takes a free port. Errors: io.
  Result<int> bind(const std::string& host, int port);
  /// Serves until stop().
  void run();
  void stop();

 protected:
  /// Bodies of more than so many bytes are refused.
  explicit HttpServer(size_t most_bytes);
  httplib::Server& server() { return *server_; }

 private:
  std::unique_ptr<httplib::Server> server_;
};

}  // namespace ptah
