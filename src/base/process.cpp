#include "base/process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include "base/file.h"

extern char** environ;

namespace ptah {

namespace fs = std::filesystem;

namespace {

/// What programs may know of the environment; LC_ stands for all that begin so.
constexpr std::array<std::string_view, 34> kKept{"HOME",
                                                 "USER",
                                                 "LOGNAME",
                                                 "TMPDIR",
                                                 "XDG_CACHE_HOME",
                                                 "XDG_CONFIG_HOME",
                                                 "LANG",
                                                 "LANGUAGE",
                                                 "TZ",
                                                 "http_proxy",
                                                 "https_proxy",
                                                 "all_proxy",
                                                 "no_proxy",
                                                 "HTTP_PROXY",
                                                 "HTTPS_PROXY",
                                                 "ALL_PROXY",
                                                 "NO_PROXY",
                                                 "SSL_CERT_FILE",
                                                 "SSL_CERT_DIR",
                                                 "REQUESTS_CA_BUNDLE",
                                                 "CURL_CA_BUNDLE",
                                                 "NODE_EXTRA_CA_CERTS",
                                                 "PIP_INDEX_URL",
                                                 "PIP_NO_INDEX",
                                                 "PIP_FIND_LINKS",
                                                 "PIP_CERT",
                                                 "PIP_PROXY",
                                                 "PIP_TRUSTED_HOST",
                                                 "PIP_DEFAULT_TIMEOUT",
                                                 "npm_config_registry",
                                                 "npm_config_cafile",
                                                 "npm_config_proxy",
                                                 "npm_config_https_proxy",
                                                 "npm_config_noproxy"};
constexpr std::array<std::string_view, 4> kFolders{"HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"};  // of no use unless they are absolute

bool among(const auto& names, std::string_view name) { return std::find(names.begin(), names.end(), name) != names.end(); }

/// The program folders with colons between them.
std::string folder_list() {
  std::string out;
  for (const fs::path& folder : program_folders()) {
    if (!out.empty()) out.push_back(':');
    out.append(folder.native());
  }
  return out;
}

std::vector<std::string> clean_environment() {
  std::vector<std::string> out{"PATH=" + folder_list()};
  for (char** at = environ; at && *at; ++at) {
    const std::string_view entry(*at);
    const std::string_view name = entry.substr(0, entry.find('=')), value = entry.substr(std::min(name.size() + 1, entry.size()));
    if (!(among(kKept, name) || name.starts_with("LC_")) || (among(kFolders, name) && !value.starts_with('/'))) continue;
    out.emplace_back(entry);
  }
  return out;
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (const std::string& text : texts) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

/// Starts a program; `actions` say where its streams go. The actions are used up.
Result<pid_t> spawn(const std::vector<std::string>& command, posix_spawn_file_actions_t& actions, bool own_group) {
  const auto program = find_program(command.empty() ? "" : command[0]);
  if (!program) {
    ::posix_spawn_file_actions_destroy(&actions);
    return tl::unexpected(program.error());
  }
  ::posix_spawn_file_actions_addchdir_np(&actions, "/");
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t defaults, none;
  ::sigemptyset(&none);
  ::sigemptyset(&defaults);
  ::sigaddset(&defaults, SIGPIPE);
  ::posix_spawnattr_setsigdefault(&attributes, &defaults);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setflags(&attributes, static_cast<short>(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | (own_group ? POSIX_SPAWN_SETPGROUP : 0)));
  const std::vector<std::string> variables = clean_environment();
  pid_t child = 0;
  const int problem = ::posix_spawn(&child, program->c_str(), &actions, &attributes, pointers(command).data(), pointers(variables).data());
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  if (problem == 0) return child;
  errno = problem;
  return fail_errno("cannot run " + program->string());
}

}  // namespace

std::vector<fs::path> program_folders() {
  std::vector<fs::path> out;
  const std::string given = environment("PTAH_PROGRAMS");
  for (size_t from = 0; from < given.size();) {
    const size_t end = std::min(given.find(':', from), given.size());
    if (given[from] == '/') out.emplace_back(given.substr(from, end - from));
    from = end + 1;
  }
  for (const char* folder : {"/usr/local/bin", "/usr/bin", "/bin"}) out.emplace_back(folder);
  return out;
}

Result<fs::path> find_program(const std::string& name) {
  const auto good = [](const fs::path& file) {
    std::error_code problem;
    return fs::is_regular_file(file, problem) && ::access(file.c_str(), X_OK) == 0;
  };
  if (name.find('/') != std::string::npos) {
    if (name[0] != '/') return fail(ErrorCode::invalid_argument, "'{}': a program is named by an absolute path or without one", name);
    if (good(name)) return fs::path(name);
  } else if (!name.empty()) {
    for (const fs::path& folder : program_folders())
      if (good(folder / name)) return folder / name;
  }
  return fail(ErrorCode::not_found, "there is no program '{}' in {}; install it, or name its folder in PTAH_PROGRAMS", name, folder_list());
}

Result<int64_t> start_program(const std::vector<std::string>& command, const fs::path& log) {
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  ::posix_spawn_file_actions_adddup2(&actions, 1, 2);
  PTAH_TRY(const pid_t child, spawn(command, actions, true));
  return child;
}

Result<ProcessOutcome> run_program(const std::vector<std::string>& command, const CancelToken* cancel) {
  std::array<int, 2> pipe_ends{};
  if (::pipe2(pipe_ends.data(), O_CLOEXEC) != 0) return fail_errno("pipe");
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], 1);
  ::posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], 2);
  const auto started = spawn(command, actions, false);
  ::close(pipe_ends[1]);
  if (!started) {
    ::close(pipe_ends[0]);
    return tl::unexpected(started.error());
  }
  const pid_t child = *started;
  constexpr size_t kMaxOutput = size_t{64} << 10;
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
    if (outcome.output.size() > 2 * kMaxOutput) outcome.output.erase(0, outcome.output.size() - kMaxOutput);
  }
  ::close(pipe_ends[0]);
  if (outcome.output.size() > kMaxOutput) outcome.output.erase(0, outcome.output.size() - kMaxOutput);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return fail_errno("waitpid");
  if (stopped) return fail(ErrorCode::cancelled, "cancelled");
  outcome.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return outcome;
}

std::optional<int64_t> waited_for_processor() {
  const int file = ::open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);  // Linux, Documentation/scheduler/sched-stats.rst
  if (file < 0) return std::nullopt;
  char text[96];
  const ssize_t size = ::read(file, text, sizeof text - 1);
  ::close(file);
  if (size <= 0) return std::nullopt;
  text[size] = 0;
  long long ran = 0, waited = 0;
  return std::sscanf(text, "%lld %lld", &ran, &waited) == 2 ? std::optional<int64_t>(waited) : std::nullopt;
}

}  // namespace ptah
