#include "jobs/worker.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>

#include "base/base64.h"
#include "base/memory.h"
#include "base/sha256.h"
#include "jobs/language_answers.h"
#include "media/wav.h"
#include "pipelines/recipes.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

class LocalWorker : public JobWorker {
 public:
  explicit LocalWorker(fs::path folder, std::vector<AnswerKind> more = {}, bool passing = false)
      : folder_(std::move(folder)), more_(std::move(more)), passing_(passing) {}

  Result<Plan> plan(const Job& job, int64_t budget_bytes) override {
    if (const AnswerKind* kind = answer_kind(job.recipe)) {
      PTAH_TRY(const Plan plan, kind->plan(job.fields));
      PTAH_TRY_VOID(check_budget(plan, budget_bytes));
      return plan;
    }
    if (LanguageAnswers::answers(job.recipe)) {
      PTAH_TRY(const Plan plan, answers_.plan(models_, job));
      PTAH_TRY_VOID(check_budget(plan, budget_bytes));
      return plan;
    }
    PTAH_TRY(const Recipe* recipe, find_recipe(job.recipe));
    PTAH_TRY(const RecipeRequest request, open_request(*recipe, job.fields));
    return plan_recipe(*recipe, models_, request, budget_bytes);
  }

  Result<JobResult> run(const Job& job, int64_t budget_bytes, const Tell& tell, const CancelToken* cancel) override {
    RunOptions options{.cancel = cancel, .budget_bytes = budget_bytes};
    if (tell) {
      options.progress = [&](const Progress& p) { tell({{"event", "progress"}, {"stage", p.stage}, {"fraction", p.fraction}}); };
      options.note = [&](const std::string& note) { tell({{"event", "note"}, {"text", note}}); };
      if (job.watched) watch(options, tell);
    }
    if (const AnswerKind* kind = answer_kind(job.recipe)) return kind->run(job.fields, job.watched ? tell : Tell(), cancel);
    if (LanguageAnswers::answers(job.recipe)) return answers_.run(models_, job, job.watched ? tell : Tell(), cancel);
    PTAH_TRY(const Recipe* recipe, find_recipe(job.recipe));
    PTAH_TRY(const RecipeRequest request, open_request(*recipe, job.fields));
    if (!job.draft.empty()) return drafted(*recipe, request, options, job.draft);
    PTAH_TRY(const Work work, run_recipe(*recipe, models_, request, options));
    JobResult out{{}, work.facts};
    for (const auto& [name, bytes] : work.files) {
      PTAH_TRY(JobOutput kept, passing_ ? write_passing(folder_, out.outputs.size(), name, bytes) : JobStore::keep(folder_, name, bytes));
      out.outputs.push_back(std::move(kept));
    }
    return out;
  }

  void rest() override {
    models_.clear();
    answers_.clear();
    for (const AnswerKind& kind : more_) kind.clear();
    release_free_blocks();
  }

 private:
  /// {"draft"}: the bytes of the first file with this ending, in base64.
  Result<JobResult> drafted(const Recipe& recipe, const RecipeRequest& request, RunOptions& options, const std::string& ending) {
    options.receipt = false;
    PTAH_TRY(const Work work, run_recipe(recipe, models_, request, options));
    for (const auto& [name, bytes] : work.files)
      if (name.ends_with("." + ending)) return JobResult{{}, {{"draft", to_base64(bytes)}}};
    return fail(ErrorCode::invalid_argument, "no {} file comes of this", ending);
  }

  /// Also tells what it will be about.
  static void watch(RunOptions& options, const Tell& tell) {
    options.text = [&](std::string_view news) { tell({{"event", "text"}, {"text", news}}); };
    options.sound = [&, at = size_t{0}](std::span<const float> sound) mutable {
      Bytes pcm;
      append_samples(pcm, sound);
      tell({{"event", "sound"}, {"at", at}, {"pcm", to_base64(pcm)}});
      at += pcm.size();
    };
    options.preview = [&, last = std::chrono::steady_clock::time_point{}](int64_t step, const Image& picture) mutable {
      if (std::chrono::steady_clock::now() - last < std::chrono::milliseconds(200)) return;
      if (const auto png = encode_png(picture)) tell({{"event", "preview"}, {"step", step}, {"png", to_base64(*png)}});
      last = std::chrono::steady_clock::now();
    };
  }

  const AnswerKind* answer_kind(const std::string& name) const {
    for (const AnswerKind& kind : more_)
      if (kind.kind == name) return &kind;
    return nullptr;
  }

  fs::path folder_;
  std::vector<AnswerKind> more_;
  bool passing_;
  ModelCache models_;
  LanguageAnswers answers_;
};

/// A line to the process that asked; false if there is none any more.
bool answer(const Json& line) {
  const std::string text = line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  for (size_t sent = 0; sent < text.size();) {
    const ssize_t n = ::write(STDOUT_FILENO, text.data() + sent, text.size() - sent);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    sent += static_cast<size_t>(n);
  }
  return true;
}

Json error_json(const Error& error) { return {{"event", "error"}, {"code", static_cast<int>(error.code)}, {"message", error.message}}; }

/// The next line; nothing at the end.
std::optional<std::string> next_line(std::string& rest) {
  for (;;) {
    if (const size_t end = rest.find('\n'); end != std::string::npos) {
      std::string line = rest.substr(0, end);
      rest.erase(0, end + 1);
      return line;
    }
    char part[65536];
    const ssize_t n = ::read(STDIN_FILENO, part, sizeof(part));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return {};
    rest.append(part, static_cast<size_t>(n));
  }
}

}  // namespace

fs::path passing_file(const fs::path& folder, size_t index) { return folder / fmt::format("made-{}", index); }

Result<JobOutput> write_passing(const fs::path& folder, size_t index, const std::string& name, std::span<const uint8_t> bytes) {
  // The file of the job before is written over: a new one for each would cost more than writing it.
  const fs::path path = passing_file(folder, index);
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0) return fail_errno("cannot create " + path.string());
  size_t written = 0;
  while (written < bytes.size()) {
    const ssize_t n = ::write(file, bytes.data() + written, bytes.size() - written);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) break;
    written += static_cast<size_t>(n);
  }
  const bool whole = written == bytes.size() && ::ftruncate(file, static_cast<off_t>(bytes.size())) == 0;
  const int problem = errno;
  ::close(file);
  errno = problem;
  if (!whole) return fail_errno("cannot write " + path.string());
  return JobOutput{name, sha256_hex(bytes), static_cast<int64_t>(bytes.size())};
}

std::unique_ptr<JobWorker> make_local_worker(fs::path folder) { return std::make_unique<LocalWorker>(std::move(folder)); }

Result<void> serve_worker(const fs::path& folder, const CancelToken& cancel, std::vector<AnswerKind> answers, bool passing) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // whoever started this one may have been killed; the job is done by another one then
  const pid_t parent = ::getppid();
  LocalWorker worker(folder, std::move(answers), passing);
  std::string rest;
  bool heard = true;
  while (const auto line = next_line(rest)) {
    if (::getppid() != parent) break;
    PTAH_TRY(const Json asked, parse_json(*line));
    Job job;
    job.recipe = text_at(asked, "recipe");
    job.fields = asked.value("fields", Json::object());
    job.watched = asked.value("watched", false);
    job.draft = text_at(asked, "draft");
    const int64_t budget = asked.value("budget", int64_t{0});
    const std::string task = text_at(asked, "do");
    auto last = std::chrono::steady_clock::time_point{};
    const auto tell = [&](const Json& what) {
      const auto now = std::chrono::steady_clock::now();
      const bool progress = what["event"] == "progress";
      if (progress && now - last < std::chrono::milliseconds(100)) return;
      if (progress) last = now;
      if (!answer(what)) std::_Exit(1);  // nobody waits for it
    };
    if (task == "plan") {
      const auto plan = guard([&] { return worker.plan(job, budget); });
      heard = answer(plan ? Json{{"event", "planned"}, {"bytes", plan->peak_bytes}, {"seconds", plan->seconds}} : error_json(plan.error()));
    } else if (task == "run") {
      const auto done = guard([&] { return worker.run(job, budget, tell, &cancel); });
      Json said = done ? Json{{"event", "done"}, {"outputs", Json::array()}, {"facts", done->facts}} : error_json(done.error());
      if (done)
        for (const JobOutput& one : done->outputs) said["outputs"].push_back({{"name", one.name}, {"sha256", one.sha256}, {"bytes", one.bytes}});
      heard = answer(said);
      release_free_blocks();
    } else {
      return fail(ErrorCode::unsupported, "a worker was asked to '{}'", task);
    }
    if (!heard || cancel.cancelled()) break;  // a token is set once
  }
  return {};
}

}  // namespace ptah
