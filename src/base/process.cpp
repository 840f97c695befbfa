#include "base/process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

extern char** environ;

namespace ptah {

Result<ProcessOutcome> run_program(const std::vector<std::string>& command, const CancelToken* cancel) {
  PTAH_CHECK(!command.empty(), "run_program of nothing");
  std::array<int, 2> pipe_ends{};
  if (::pipe2(pipe_ends.data(), O_CLOEXEC) != 0) return fail_errno("pipe");
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], 1);
  ::posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], 2);
  std::vector<char*> arguments;
  for (const std::string& part : command) arguments.push_back(const_cast<char*>(part.c_str()));
  arguments.push_back(nullptr);
  pid_t child = 0;
  const int problem = ::posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(pipe_ends[1]);
  if (problem != 0) {
    ::close(pipe_ends[0]);
    if (problem == ENOENT) return fail(ErrorCode::not_found, "there is no program '{}' on this computer; install it", command[0]);
    errno = problem;
    return fail_errno("cannot run " + command[0]);
  }
  constexpr size_t kMostOutput = size_t{64} << 10;
  ProcessOutcome outcome;
  bool stopped = false;
  std::array<char, 4096> buffer{};
  while (true) {
    pollfd ready{pipe_ends[0], POLLIN, 0};
    const int count = ::poll(&ready, 1, 100);
    if (cancel && cancel->cancelled() && !stopped) {
      stopped = true;
      ::kill(child, SIGTERM);
    }
    if (count <= 0) continue;
    const ssize_t got = ::read(pipe_ends[0], buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    outcome.output.append(buffer.data(), static_cast<size_t>(got));
    if (outcome.output.size() > 2 * kMostOutput) outcome.output.erase(0, outcome.output.size() - kMostOutput);
  }
  ::close(pipe_ends[0]);
  if (outcome.output.size() > kMostOutput) outcome.output.erase(0, outcome.output.size() - kMostOutput);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return fail_errno("waitpid");
  if (stopped) return fail(ErrorCode::cancelled, "cancelled");
  outcome.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return outcome;
}

}  // namespace ptah
