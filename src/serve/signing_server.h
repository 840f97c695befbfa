// A key that signs for other processes, over HTTP (own/remote_signer.h).
#pragma once

#include <functional>
#include <mutex>

#include "own/keys.h"
#include "own/remote_signer.h"
#include "serve/http/server.h"

namespace ptah {

/// May this be signed? `gone` is cancelled when whoever asks has left.
using AllowSigning = std::function<bool(const SigningRequest& asked, const CancelToken& gone)>;

/// POST / as own/remote_signer.h has it, and GET /health. The token is looked at before any of the body is read.
class SigningServer : public HttpServer {
 public:
  /// `bearer`: what every request has to bring. `allow` is asked, one request at a time, before anything is signed.
  SigningServer(const Signer& signer, const std::string& bearer, AllowSigning allow, HttpOptions options = {});

 private:
  std::mutex one_at_a_time_;
};

}  // namespace ptah
