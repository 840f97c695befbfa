#include "cli/commands/key_serve.h"

#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include "base/sha256.h"
#include "base/text.h"
#include "chain/signing_request.h"
#include "cli/chain_options.h"
#include "serve/signing_server.h"

namespace ptah::cli {

namespace {

/// Asks on the terminal; what was typed before the question does not answer it, and the end of the program, or of whoever asked, does.
bool answered_yes(const CancelToken& gone) {
  tcflush(STDIN_FILENO, TCIFLUSH);
  print("sign? [y/N] ");
  std::fflush(stdout);
  while (!interrupted().cancelled() && !gone.cancelled()) {
    pollfd waiting{STDIN_FILENO, POLLIN, 0};
    if (::poll(&waiting, 1, 100) <= 0) continue;
    char answer[64] = "";
    const auto got = ::read(STDIN_FILENO, answer, sizeof(answer) - 1);
    if (got <= 0) return false;
    const std::string_view line = trimmed(std::string_view(answer, static_cast<size_t>(got)));
    return line == "y" || line == "Y" || line == "yes";
  }
  if (gone.cancelled()) print("\n(whoever asked has left)\n");
  return false;
}

/// Shows it, then decides.
bool may_sign(const SigningRequest& asked, const CancelToken& gone, bool yes) {
  const auto lines = describe_signing_request(asked);
  if (!lines) {
    print("refused: {}\n", lines.error().message);
    std::fflush(stdout);
    return false;
  }
  for (const std::string& line : *lines) print("{}\n", line);
  const bool signs = yes || answered_yes(gone);
  print("{}\n", signs ? "signed" : "not signed");
  std::fflush(stdout);
  return signs;
}

}  // namespace

Result<void> serve_key(const Key& key, const KeyServeOptions& o) {
  if (!o.yes && !isatty(STDIN_FILENO)) return fail(ErrorCode::invalid_argument, "nobody can be asked here; --yes signs whatever is asked for");
  Bytes32 random{};
  fill_random(random);
  const std::string token = o.bearer.empty() ? hex(std::span(random).first(16)) : "";
  const std::string bearer = o.bearer.empty() ? token : std::string(o.bearer.bytes().begin(), o.bearer.bytes().end());
  SigningServer server(key, bearer, [&](const SigningRequest& asked, const CancelToken& gone) { return may_sign(asked, gone, o.yes); });
  PTAH_TRY(const int port, server.bind(o.host, o.port));
  const std::string address = http_address(o.host, port);
  print("{} at {}\n", to_string(key.address()), address);
  if (!token.empty()) print("PTAH_SIGNER={} PTAH_SIGNER_TOKEN={}\n", address, token);
  std::fflush(stdout);
  run_until_interrupted(server);
  return {};
}

}  // namespace ptah::cli
