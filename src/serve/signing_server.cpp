#include "serve/signing_server.h"

#include <httplib.h>
#include <sodium.h>

#include "own/remote_signer.h"

namespace ptah {

SigningServer::SigningServer(const Signer& signer, const std::string& bearer, std::function<bool(const Bytes32& digest)> allow) : HttpServer(4096) {
  server().Post("/", [this, &signer, header = "Bearer " + bearer, allow = std::move(allow)](const httplib::Request& request, httplib::Response& response) {
    const std::string said = request.get_header_value("Authorization");
    // Compared in a time that does not tell how much of it is right.
    if (said.size() != header.size() || sodium_memcmp(said.data(), header.data(), said.size()) != 0) {
      response.status = 401;
      return;
    }
    const std::lock_guard lock(one_at_a_time_);
    response.set_content(answer_signing_request(signer, request.body, allow), "application/json");
  });
}

}  // namespace ptah
