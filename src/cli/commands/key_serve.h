// `ptah key serve`: a key that signs for other processes.
#pragma once

#include "own/secret.h"
#include "own/keys.h"

namespace ptah::cli {

struct KeyServeOptions {
  std::string host = "127.0.0.1";
  int port = 0;
  bool yes = false;    ///< sign without asking
  Secret bearer = {};  ///< what requests have to bring; empty: a new one, which is printed
};
/// Shows what is to be signed, asks, signs; until Ctrl-C. Errors: invalid_argument (nobody can be asked), io.
Result<void> serve_key(const Key& key, const KeyServeOptions& options);

}  // namespace ptah::cli
