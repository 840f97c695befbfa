#include "cli/standard_output.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <thread>

#include "cli/commands/commands.h"

namespace ptah::cli {

namespace {

std::atomic<int> failure{0};  // the errno of the first write that failed
std::atomic<bool> reader_gone{false}, server{false}, watched{false};

/// All bytes, or an errno.
int write_all(int descriptor, const char* bytes, size_t size) {
  while (size > 0) {
    const ssize_t written = ::write(descriptor, bytes, size);
    if (written >= 0) {
      bytes += written;
      size -= static_cast<size_t>(written);
    } else if (errno == EAGAIN) {  // somebody made the pipe non-blocking
      pollfd ready{descriptor, POLLOUT, 0};
      (void)::poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

/// A pipe's reader may leave while nothing is written.
void watch_reader() {
  struct stat info {};
  if (::fstat(STDOUT_FILENO, &info) != 0 || (!S_ISFIFO(info.st_mode) && !S_ISSOCK(info.st_mode))) return;
  std::thread([] {
    while (true) {
      pollfd pipe{STDOUT_FILENO, 0, 0};
      if (::poll(&pipe, 1, -1) > 0 && (pipe.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0) break;
    }
    if (server) return;
    reader_gone = true;
    interrupted().cancel();
  }).detach();
}

ssize_t write_output(void*, const char* bytes, size_t size) {
  if (failure != 0) return static_cast<ssize_t>(size);  // said at the end
  if (!watched.exchange(true)) watch_reader();
  if (const int problem = write_all(STDOUT_FILENO, bytes, size); problem != 0) {
    failure = problem;
    interrupted().cancel();
  }
  return static_cast<ssize_t>(size);
}

ssize_t write_error(void*, const char* bytes, size_t size) {
  (void)write_all(STDERR_FILENO, bytes, size);
  return static_cast<ssize_t>(size);
}

/// A stream whose writes go through `write`; the old one if there is no memory for it.
FILE* stream_by(cookie_write_function_t* write, int mode, FILE* old) {
  FILE* stream = ::fopencookie(nullptr, "w", {nullptr, write, nullptr, nullptr});
  if (!stream) return old;
  std::setvbuf(stream, nullptr, mode, mode == _IONBF ? 0 : size_t{1} << 16);
  return stream;
}

int ended_by_pipe() {
  std::signal(SIGPIPE, SIG_DFL);
  (void)std::raise(SIGPIPE);
  return 128 + SIGPIPE;
}

}  // namespace

void check_standard_output() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})  // the wrong way round, so that reads and writes still fail
    if (::fcntl(descriptor, F_GETFD) == -1) (void)::open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  stdout = stream_by(write_output, _IOLBF, stdout);
  stderr = stream_by(write_error, _IONBF, stderr);
}

bool output_failed() { return failure != 0 || reader_gone; }

void serve_without_reader() { server = true; }

int finish_output(int status) {
  std::fflush(stdout);
  if (failure == EPIPE || (reader_gone && status == error_info(ErrorCode::cancelled).exit_status)) return ended_by_pipe();
  if (failure == 0) return status;
  errno = failure;
  const Error error = fail_errno("standard output cannot be written").value();
  print_error("ptah: {}\n", error.message);
  return error_info(error.code).exit_status;
}

}  // namespace ptah::cli
