#include "cli/passphrase.h"

#include <poll.h>
#include <sodium.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "base/file.h"
#include "cli/commands/commands.h"

namespace ptah::cli {

namespace {

constexpr size_t kMaxBytes = 1024;

/// A terminal that shows nothing of what is typed, as long as it lives.
class Hidden {
 public:
  Hidden() : terminal_(tcgetattr(STDIN_FILENO, &before_) == 0) {
    termios hidden = before_;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    if (terminal_) tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
  }
  ~Hidden() {
    if (!terminal_) return;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
    print_error("\n");
  }
  Hidden(const Hidden&) = delete;
  Hidden& operator=(const Hidden&) = delete;
  bool terminal() const { return terminal_; }

 private:
  termios before_{};
  bool terminal_;
};

}  // namespace

Result<Secret> typed_passphrase(const std::string& question) {
  print_error("{}: ", question);
  const Hidden hidden;
  if (!hidden.terminal()) return fail(ErrorCode::io, "this is no terminal");
  Secret buffer(kMaxBytes);
  for (size_t size = 0;;) {
    if (interrupted().cancelled()) return fail(ErrorCode::cancelled, "interrupted: no passphrase was taken and nothing was done");
    pollfd waiting{STDIN_FILENO, POLLIN, 0};
    if (::poll(&waiting, 1, 100) <= 0) continue;  // a signal, or nothing typed yet
    char c = 0;
    const auto got = ::read(STDIN_FILENO, &c, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return fail(ErrorCode::cancelled, "the input ended: no passphrase was taken and nothing was done");
    if (c == '\n') return Secret({reinterpret_cast<const char*>(buffer.bytes().data()), size});
    if (size == buffer.size()) return fail(ErrorCode::invalid_argument, "a passphrase has up to {} bytes", kMaxBytes);
    buffer.bytes()[size++] = static_cast<uint8_t>(c);
  }
}

Result<Secret> first_line(const std::string& path) {
  Secret buffer(kMaxBytes);
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (!file) return fail(ErrorCode::not_found, "cannot open {}", path);
  std::setvbuf(file, nullptr, _IONBF, 0);
  size_t size = std::fread(buffer.bytes().data(), 1, buffer.size(), file);
  const bool broken = std::ferror(file) != 0;
  std::fclose(file);
  if (broken) return fail(ErrorCode::io, "cannot read {}", path);
  const auto end = std::find(buffer.bytes().begin(), buffer.bytes().begin() + static_cast<std::ptrdiff_t>(size), uint8_t{'\n'});
  if (size == buffer.size() && end == buffer.bytes().end()) return fail(ErrorCode::invalid_argument, "the first line of {} is too long", path);
  size = static_cast<size_t>(end - buffer.bytes().begin());
  if (size > 0 && buffer.bytes()[size - 1] == '\r') --size;
  return Secret({reinterpret_cast<const char*>(buffer.bytes().data()), size});
}

std::string passphrase_file(const std::string& given) { return given.empty() ? environment("PTAH_PASSPHRASE_FILE") : given; }

Result<Secret> known_passphrase(const std::string& file, const std::string& of_what) {
  if (const std::string path = passphrase_file(file); !path.empty()) return first_line(path);
  if (isatty(STDIN_FILENO)) return typed_passphrase("passphrase of " + of_what);
  return fail(ErrorCode::permission, "{} has a passphrase and there is no terminal to ask for it; use --passphrase-file FILE", of_what);
}

Result<Secret> new_passphrase(const std::string& file, bool none) {
  if (none) return Secret();
  if (const std::string path = passphrase_file(file); !path.empty()) {
    PTAH_TRY(Secret passphrase, first_line(path));
    if (passphrase.empty()) return fail(ErrorCode::invalid_argument, "the first line of {} is empty; --no-passphrase makes a key without one", path);
    return passphrase;
  }
  if (!isatty(STDIN_FILENO)) return fail(ErrorCode::invalid_argument, "no terminal to ask for a passphrase; use --passphrase-file FILE or --no-passphrase");
  PTAH_TRY(Secret once, typed_passphrase("passphrase"));
  if (once.empty()) return fail(ErrorCode::invalid_argument, "an empty passphrase protects nothing; --no-passphrase makes a key without one");
  PTAH_TRY(const Secret again, typed_passphrase("again"));
  if (once.size() != again.size() || sodium_memcmp(once.bytes().data(), again.bytes().data(), once.size()) != 0)
    return fail(ErrorCode::invalid_argument, "the two are not the same");
  return once;
}

}  // namespace ptah::cli
