#include "serve/http_server.h"

#include <httplib.h>

namespace ptah {

HttpServer::HttpServer(size_t most_bytes) : server_(std::make_unique<httplib::Server>()) {
  server_->set_tcp_nodelay(true);  // else each answer waits for the client's acknowledgement
  server_->set_payload_max_length(most_bytes);
}

HttpServer::~HttpServer() { stop(); }

Result<int> HttpServer::bind(const std::string& host, int port) {
  const int bound = port == 0 ? server_->bind_to_any_port(host.c_str()) : server_->bind_to_port(host.c_str(), port) ? port : -1;
  if (bound < 0) return fail(ErrorCode::io, "cannot listen on {}:{}", host, port);
  return bound;
}

void HttpServer::run() { server_->listen_after_bind(); }
void HttpServer::stop() { server_->stop(); }

}  // namespace ptah
