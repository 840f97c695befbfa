#include "base/input.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/text.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

/// What a stream may hold, since all of it is kept in memory.
constexpr size_t kMaxStreamBytes = size_t{128} << 20;

/// A stream to its end.
Result<Bytes> read_stream(int descriptor, const std::string& name, size_t max_bytes, const CancelToken* cancel) {
  Bytes out;
  max_bytes = std::min(max_bytes, kMaxStreamBytes);
  std::vector<uint8_t> block(size_t{1} << 16);
  while (true) {
    if (cancel) PTAH_TRY_VOID(cancel->check());
    pollfd ready{descriptor, POLLIN, 0};
    if (::poll(&ready, 1, cancel ? 100 : -1) == 0) continue;
    const ssize_t got = ::read(descriptor, block.data(), block.size());
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0) return fail_errno("cannot read " + name);
    if (got == 0) return out;
    if (out.size() + static_cast<size_t>(got) > max_bytes) return fail(ErrorCode::corrupt, "{} has more than {} bytes; no more are read", name, max_bytes);
    out.insert(out.end(), block.begin(), block.begin() + got);
  }
}

/// Opens a file or a pipe; a named pipe waits for somebody to write to it, or for the cancelling.
Result<int> open_input(const fs::path& path, const CancelToken* cancel) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (descriptor < 0) return fail_errno("cannot open " + path.string());
  struct stat info {};
  if (::fstat(descriptor, &info) == 0 && S_ISCHR(info.st_mode) && ::isatty(descriptor) == 0) {
    ::close(descriptor);
    return fail(ErrorCode::invalid_argument, "{} is a device; a file or a pipe is wanted", path.string());
  }
  // A pipe that nobody has opened for writing would read as ended; nothing is to be polled there until somebody does.
  pollfd waits{descriptor, POLLIN, 0};
  while (::poll(&waits, 1, 100) == 0)
    if (cancel && cancel->cancelled()) {
      ::close(descriptor);
      return fail(ErrorCode::cancelled, "cancelled");
    }
  return descriptor;
}

}  // namespace

Result<Bytes> read_input(const fs::path& path, size_t max_bytes, const CancelToken* cancel) {
  if (path == "-") return read_stream(STDIN_FILENO, "standard input", max_bytes, cancel);
  std::error_code problem;
  const fs::file_status status = fs::status(path, problem);
  if (fs::is_directory(status)) return fail(ErrorCode::invalid_argument, "{} is a folder; a file is wanted", path.string());
  if (!fs::is_fifo(status) && !fs::is_character_file(status)) return read_file(path, max_bytes);
  PTAH_TRY(const int descriptor, open_input(path, cancel));
  auto out = read_stream(descriptor, path.string(), max_bytes, cancel);
  ::close(descriptor);
  return out;
}

Result<std::string> read_input_text(const fs::path& path, size_t max_bytes, const CancelToken* cancel) {
  PTAH_TRY(const Bytes bytes, read_input(path, max_bytes, cancel));
  return plain_text(std::string(bytes.begin(), bytes.end()));
}

}  // namespace ptah
