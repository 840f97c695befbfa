#include "serve/signing_server.h"

#include <httplib.h>
#include <sodium.h>

#include <mutex>

#include "own/remote_signer.h"
#include "serve/bind.h"

namespace ptah {

struct SigningServer::State {
  const Signer& signer;
  std::string header;
  std::function<bool(const Bytes32&)> allow;
  std::mutex one_at_a_time;
  httplib::Server server;
};

SigningServer::SigningServer(const Signer& signer, std::string bearer, std::function<bool(const Bytes32& digest)> allow)
    : state_(new State{signer, "Bearer " + std::move(bearer), std::move(allow), {}, {}}) {
  httplib::Server& s = state_->server;
  s.set_tcp_nodelay(true);
  s.set_payload_max_length(4096);
  s.Post("/", [this](const httplib::Request& request, httplib::Response& response) {
    const std::string said = request.get_header_value("Authorization");
    // Compared in a time that does not tell how much of it is right.
    if (said.size() != state_->header.size() || sodium_memcmp(said.data(), state_->header.data(), said.size()) != 0) {
      response.status = 401;
      return;
    }
    const std::lock_guard lock(state_->one_at_a_time);
    response.set_content(answer_signing_request(state_->signer, request.body, state_->allow), "application/json");
  });
}

SigningServer::~SigningServer() { stop(); }
Result<int> SigningServer::bind(const std::string& host, int port) { return bind_server(state_->server, host, port); }
void SigningServer::run() { state_->server.listen_after_bind(); }
void SigningServer::stop() { state_->server.stop(); }

}  // namespace ptah
