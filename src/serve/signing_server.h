// A key that signs for other processes, over HTTP (own/remote_signer.h).
#pragma once

#include <functional>
#include <mutex>

#include "own/keys.h"
#include "serve/http_server.h"

namespace ptah {

class SigningServer : public HttpServer {
 public:
  /// `bearer`: what every request has to bring. `allow` is asked, one request at a time, before anything is signed.
  SigningServer(const Signer& signer, const std::string& bearer, std::function<bool(const Bytes32& digest)> allow);

 private:
  std::mutex one_at_a_time_;
};

}  // namespace ptah
