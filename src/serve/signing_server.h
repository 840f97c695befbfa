// A key that signs for other processes, over HTTP (own/remote_signer.h).
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "own/keys.h"

namespace ptah {

class SigningServer {
 public:
  /// `bearer`: what every request has to bring. `allow` is asked, one request at a time, before anything is signed.
  SigningServer(const Signer& signer, std::string bearer, std::function<bool(const Bytes32& digest)> allow);
  ~SigningServer();
  /// Binds; 0 takes a free port. Errors: io.
  Result<int> bind(const std::string& host, int port);
  void run();
  void stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ptah
