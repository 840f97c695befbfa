// What the servers share.
#pragma once

#include <httplib.h>

#include <string>

#include "base/error.h"

namespace ptah {

/// Binds; 0 takes a free port. Errors: io.
inline Result<int> bind_server(httplib::Server& server, const std::string& host, int port) {
  const int bound = port == 0 ? server.bind_to_any_port(host.c_str()) : server.bind_to_port(host.c_str(), port) ? port : -1;
  if (bound < 0) return fail(ErrorCode::io, "cannot listen on {}:{}", host, port);
  return bound;
}

}  // namespace ptah
