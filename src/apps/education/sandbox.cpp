#include "apps/education/sandbox.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>

#include "apps/education/sandbox_child.h"
#include "base/file.h"
#include "base/printable.h"

namespace ptah {

namespace {

/// Both ends of a pipe, closed at the end.
struct Pipe {
  int read = -1, write = -1;
  bool open() {
    std::array<int, 2> ends{-1, -1};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
    read = ends[0];
    write = ends[1];
    return true;
  }
  static void shut(int& end) {
    if (end >= 0) ::close(end);
    end = -1;
  }
  ~Pipe() {
    shut(read);
    shut(write);
  }
};

Result<void> check_command(const std::vector<std::string>& command, const std::vector<std::pair<std::string, std::string>>& files,
                           const SandboxLimits& limits) {
  if (command.empty() || !(command[0].starts_with("/usr/") || command[0].starts_with("/bin/") || command[0].starts_with("./")))
    return fail(ErrorCode::invalid_argument, "a program below /usr, or ./NAME of a file that is given, is expected");
  for (const auto& [name, content] : files) {
    (void)content;
    if (name.empty() || name.size() > 200 || name.find('/') != std::string::npos || name == "." || name == ".." || name.find('\0') != std::string::npos)
      return fail(ErrorCode::invalid_argument, "{} is no name of a file", in_quotes(name, 80));
  }
  if (!(limits.seconds > 0 && limits.seconds <= 3600) || limits.memory_bytes < 1 << 20 || limits.file_bytes < 1 || limits.output_bytes < 1 ||
      limits.processes < 1)
    return fail(ErrorCode::invalid_argument, "limits of the sandbox: above 0 and up to 3600 seconds; 1 MiB of memory at least");
  return {};
}

/// What the child told before it became the program.
Result<void> begun(const Pipe& report) {
  detail::SandboxProblem problem;
  ssize_t got = 0;
  do {
    got = ::read(report.read, &problem, sizeof(problem));
  } while (got < 0 && errno == EINTR);
  if (got == 0) return {};
  if (got != sizeof(problem)) return fail(ErrorCode::io, "the sandbox did not begin");
  const std::string part = detail::sandbox_step(problem.step), why = std::strerror(problem.error);
  if (part == "the program") return fail(ErrorCode::not_found, "the program cannot be run in the sandbox: {}", why);
  return fail(ErrorCode::unsupported, "the sandbox needs {}, which this kernel does not have or does not allow here ({}); nothing was run. {}", part, why,
              part == "Landlock"          ? "Linux 5.13 or later with Landlock among its security modules is needed."
              : part == "namespaces"      ? "See whether user.max_user_namespaces is above 0 and unprivileged user namespaces are allowed."
              : part == "user namespaces" ? "A container may forbid them."
                                          : "docs/education.md lists what is needed.");
}

/// Feeds a process and reads what it prints, until it is done or a limit is reached.
class Watched {
 public:
  Watched(pid_t child, const SandboxLimits& limits, const std::string& text, Pipe& in, Pipe& out, Pipe& err)
      : child_(child), limits_(limits), text_(text), in_(in), out_(out), err_(err), begun_(std::chrono::steady_clock::now()) {}

  Result<SandboxRun> run(const CancelToken* cancel) {
    ::fcntl(in_.write, F_SETFL, O_NONBLOCK);
    Result<SandboxRun> out = pass(cancel);
    ::kill(-child_, SIGKILL);  // the session, process 1 of the namespace among it: with it everything inside
    int status = 0;
    while (::waitpid(child_, &status, 0) < 0 && errno == EINTR) {
    }
    if (!out) return out;
    run_.seconds = passed();
    run_.exit_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    if (run_.timed_out || run_.too_much) run_.exit_status = 128 + SIGKILL;
    return std::move(run_);
  }

 private:
  double passed() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun_).count(); }

  Result<SandboxRun> pass(const CancelToken* cancel) {
    while (out_.read >= 0 || err_.read >= 0) {
      if (cancel && cancel->cancelled()) return fail(ErrorCode::cancelled, "cancelled");
      if (passed() > limits_.seconds) {
        run_.timed_out = true;
        break;
      }
      std::array<pollfd, 3> ends{pollfd{out_.read, POLLIN, 0}, pollfd{err_.read, POLLIN, 0}, pollfd{in_.write, POLLOUT, 0}};
      if (::poll(ends.data(), ends.size(), 50) < 0 && errno != EINTR) return fail_errno("poll");
      if (ends[0].revents && !take(out_.read, run_.output)) break;
      if (ends[1].revents && !take(err_.read, run_.errors)) break;
      if (ends[2].revents) give();
    }
    // The streams may be closed by a program that runs on: it has the rest of its time.
    while (!run_.timed_out && !run_.too_much && !ended()) {
      if (cancel && cancel->cancelled()) return fail(ErrorCode::cancelled, "cancelled");
      if (passed() > limits_.seconds) run_.timed_out = true;
      ::usleep(2000);
    }
    return SandboxRun();
  }

  /// Without taking its status away.
  bool ended() const {
    siginfo_t about{};
    return ::waitid(P_PID, static_cast<id_t>(child_), &about, WEXITED | WNOHANG | WNOWAIT) != 0 || about.si_pid != 0;
  }

  bool take(int& from, std::string& to) {
    std::array<char, 65536> part;
    const ssize_t got = ::read(from, part.data(), part.size());
    if (got < 0) return errno == EINTR || errno == EAGAIN;
    if (got == 0) Pipe::shut(from);
    to.append(part.data(), static_cast<size_t>(got));
    if (static_cast<int64_t>(to.size()) <= limits_.output_bytes) return true;
    to.resize(static_cast<size_t>(limits_.output_bytes));
    run_.too_much = true;
    return false;
  }

  void give() {
    const ssize_t sent = given_ < text_.size() ? ::write(in_.write, text_.data() + given_, text_.size() - given_) : 0;
    if (sent > 0) given_ += static_cast<size_t>(sent);
    if (given_ >= text_.size() || (sent < 0 && errno != EAGAIN && errno != EINTR)) Pipe::shut(in_.write);
  }

  pid_t child_;
  const SandboxLimits& limits_;
  const std::string& text_;
  Pipe &in_, &out_, &err_;
  std::chrono::steady_clock::time_point begun_;
  size_t given_ = 0;
  SandboxRun run_;
};

}  // namespace

Result<SandboxRun> run_sandboxed(const std::vector<std::string>& command, const std::vector<std::pair<std::string, std::string>>& files,
                                 const SandboxLimits& limits, const std::string& input, const CancelToken* cancel) {
  PTAH_TRY_VOID(check_command(command, files, limits));
  Pipe in, out, err, report;
  if (!in.open() || !out.open() || !err.open() || !report.open()) return fail_errno("pipe");
  static const std::vector<std::string> kVariables{"PATH=/usr/bin:/bin", std::string("HOME=") + detail::kSandboxFolder,
                                                   "LANG=C.UTF-8",       "PYTHONDONTWRITEBYTECODE=1",
                                                   "PYTHONHASHSEED=0",   std::string("TMPDIR=") + detail::kSandboxFolder};
  detail::SandboxPlan plan;
  for (const std::string& argument : command) plan.arguments.push_back(const_cast<char*>(argument.c_str()));
  for (const std::string& variable : kVariables) plan.variables.push_back(const_cast<char*>(variable.c_str()));
  plan.arguments.push_back(nullptr);
  plan.variables.push_back(nullptr);
  for (const auto& [name, content] : files) plan.files.push_back({std::string(detail::kSandboxFolder + 1) + "/" + name, content});
  constexpr int kNobody = 65534;
  if (::geteuid() == 0) plan.user = kNobody;
  plan.uid_map = fmt::format("1000 {} 1", plan.user >= 0 ? kNobody : static_cast<int>(::geteuid()));
  plan.gid_map = fmt::format("1000 {} 1", plan.user >= 0 ? kNobody : static_cast<int>(::getegid()));
  plan.size = fmt::format("size={},nr_inodes=4096,mode=755", limits.file_bytes);
  plan.limits = limits;
  plan.input = in.read;
  plan.output = out.write;
  plan.errors = err.write;
  plan.report = report.write;
  const pid_t child = ::fork();
  if (child < 0) return fail_errno("fork");
  if (child == 0) detail::enter_sandbox(plan);
  for (int* end : {&in.read, &out.write, &err.write, &report.write}) Pipe::shut(*end);
  const auto ready = begun(report);
  if (!ready) {
    ::kill(-child, SIGKILL);
    while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
    return tl::unexpected(ready.error());
  }
  return Watched(child, limits, input, in, out, err).run(cancel);
}

Result<void> sandbox_ready() {
  PTAH_TRY(const SandboxRun run, run_sandboxed({"/usr/bin/env", "true"}, {}, {}));
  if (run.exit_status != 0) return fail(ErrorCode::unsupported, "the sandbox does not run programs here: {}", printable(run.errors, 200));
  return {};
}

}  // namespace ptah
