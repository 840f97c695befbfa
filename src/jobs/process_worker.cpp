#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>

#include "jobs/worker.h"

extern char** environ;

namespace ptah {

namespace {

/// A program at the other end of two pipes.
class ProcessWorker : public JobWorker {
 public:
  ProcessWorker(std::vector<std::string> command, std::filesystem::path folder) : command_(std::move(command)), folder_(std::move(folder)) {}
  ~ProcessWorker() override { end(); }

  Result<Plan> plan(const Job& job, int64_t budget_bytes) override {
    PTAH_TRY(const Json said, ask("plan", job, budget_bytes, {}, nullptr));
    Plan plan;
    plan.peak_bytes = said.value("bytes", int64_t{0});
    plan.seconds = said.value("seconds", 0.0);
    return plan;
  }

  Result<JobResult> run(const Job& job, int64_t budget_bytes, const Tell& tell, const CancelToken* cancel) override {
    PTAH_TRY(const Json said, ask("run", job, budget_bytes, tell, cancel));
    JobResult out{{}, said.value("facts", Json())};
    for (const Json& one : said.value("outputs", Json::array()))
      out.outputs.push_back({one.at("name").get<std::string>(), one.at("sha256").get<std::string>(), one.at("bytes").get<int64_t>()});
    return out;
  }

  bool alive() const override { return alive_; }
  void rest() override { end(); }

 private:
  Result<void> start() {
    int down[2], up[2];
    if (::pipe2(down, O_CLOEXEC) != 0) return fail_errno("cannot start a worker");
    if (::pipe2(up, O_CLOEXEC) != 0) {
      ::close(down[0]), ::close(down[1]);
      return fail_errno("cannot start a worker");
    }
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, down[0], STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, up[1], STDOUT_FILENO);
    if (!folder_.empty()) ::posix_spawn_file_actions_addchdir_np(&actions, folder_.c_str());
    ::posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);  // a client's connection would stay open with it
    posix_spawnattr_t attributes;
    ::posix_spawnattr_init(&attributes);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);  // what a terminal sends to the program above is answered there
    std::vector<char*> words;
    for (std::string& word : command_) words.push_back(word.data());
    words.push_back(nullptr);
    const int problem = ::posix_spawn(&child_, command_[0].c_str(), &actions, &attributes, words.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
    ::close(down[0]);
    ::close(up[1]);
    to_ = down[1];
    from_ = up[0];
    rest_.clear();
    if (problem == 0) return {};
    child_ = 0;
    end();
    errno = problem;
    return fail_errno("cannot run " + command_[0]);
  }

  /// Ends the process, if there is one; how it ended.
  int end() {
    int status = 0;
    if (to_ >= 0) ::close(to_);
    if (from_ >= 0) ::close(from_);
    to_ = from_ = -1;
    if (child_ > 0) {
      ::kill(child_, SIGKILL);  // it has nothing that is not kept
      while (::waitpid(child_, &status, 0) < 0 && errno == EINTR) {
      }
    }
    child_ = 0;
    return status;
  }

  Error gone() {
    alive_ = false;
    // One that crashed has closed its pipe already; its own end is told, not ours.
    int status = 0;
    for (int i = 0; i < 50 && child_ > 0; ++i) {
      if (::waitpid(child_, &status, WNOHANG) == child_) {
        child_ = 0;
        break;
      }
      ::usleep(20000);
    }
    end();
    return {ErrorCode::internal, WIFSIGNALED(status) ? fmt::format("the worker was ended by signal {}", WTERMSIG(status))
                                                     : fmt::format("the worker ended with status {}", WEXITSTATUS(status))};
  }

  bool send(const std::string& text) const {
    for (size_t sent = 0; sent < text.size();) {
      const ssize_t n = ::write(to_, text.data() + sent, text.size() - sent);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return false;
      sent += static_cast<size_t>(n);
    }
    return true;
  }

  /// The next line, if it came within a tenth of a second; `ended` if there will be none.
  std::optional<std::string> next_line(bool& ended) {
    const size_t end = rest_.find('\n');
    if (end != std::string::npos) {
      std::string line = rest_.substr(0, end);
      rest_.erase(0, end + 1);
      return line;
    }
    pollfd waiting{from_, POLLIN, 0};
    if (::poll(&waiting, 1, 100) <= 0) return {};
    char part[65536];
    const ssize_t n = ::read(from_, part, sizeof(part));
    if (n > 0) rest_.append(part, static_cast<size_t>(n));
    ended = n == 0 || (n < 0 && errno != EINTR);
    return {};
  }

  /// Asks for something; the answer that ends it. Errors: those that are answered.
  Result<Json> ask(const char* task, const Job& job, int64_t budget_bytes, const Tell& tell, const CancelToken* cancel) {
    alive_ = true;
    if (child_ == 0) PTAH_TRY_VOID(start());
    const Json asked{{"do", task}, {"recipe", job.recipe}, {"fields", job.fields}, {"budget", budget_bytes}, {"watched", job.watched}, {"draft", job.draft}};
    if (!send(asked.dump() + "\n")) return tl::unexpected(gone());
    std::optional<std::chrono::steady_clock::time_point> told;
    for (bool ended = false;;) {
      const auto line = next_line(ended);
      if (!line && ended) return tl::unexpected(gone());
      if (cancel && cancel->cancelled()) {
        const auto now = std::chrono::steady_clock::now();
        if (!told) told = now, ::kill(child_, SIGTERM);
        if (now - *told > kPatience) return end(), fail(ErrorCode::cancelled, "cancelled");
      }
      if (!line) continue;
      PTAH_TRY(const Json said, parse_json(*line));
      const std::string event = text_at(said, "event");
      if (event == "done" || event == "planned") return said;
      if (event == "error") {
        if (told) end();
        return tl::unexpected(Error{static_cast<ErrorCode>(said.value("code", 0)), text_at(said, "message")});
      }
      if (tell) tell(said);
    }
  }

  static constexpr std::chrono::seconds kPatience{10};  ///< until a job that was cancelled is ended by force
  std::vector<std::string> command_;
  std::filesystem::path folder_;
  pid_t child_ = 0;
  int to_ = -1, from_ = -1;
  std::string rest_;
  bool alive_ = true;
};

}  // namespace

std::unique_ptr<JobWorker> make_process_worker(std::vector<std::string> command, std::filesystem::path folder) {
  return std::make_unique<ProcessWorker>(std::move(command), std::move(folder));
}

}  // namespace ptah
