// ptah batch: many requests in a file. ptah worker: what its processes run.
#include <fmt/ranges.h>
#include <unistd.h>

#include <map>

#include "base/parallel.h"
#include "base/text.h"
#include "cli/commands/commands.h"
#include "cli/request_options.h"
#include "serve/api/apps/app_answers.h"
#include "jobs/batch.h"

namespace ptah::cli {

namespace fs = std::filesystem;

namespace {

struct BatchOptions {
  std::string file, budget;
  int workers = 1;
  int64_t threads = 0;
  bool resume = false, retry = false, json = false, quiet = false;
  SigningOptions signing = {};
};

Json event_of(const Job& job) {
  Json out{{"line", job.line}, {"recipe", job.recipe}, {"state", name_of(job.state)}};
  if (job.delivered) {
    out["folder"] = shown_path(job.folder);
    out["files"] = Json::array();
    for (const JobOutput& one : job.outputs) out["files"].push_back(shown_path(fs::path(job.folder) / one.name));
    out["seconds"] = job.seconds;
  }
  if (job.state == JobState::failed)
    out["error"] = {{"name", error_info(job.error.code).name}, {"message", in_options(job.error.message, nullptr)}, {"field", field_of(job.error)}};
  return out;
}

/// What happens, shown as it comes: a line that is rewritten on a terminal, a line a job elsewhere, events as JSON.
class Show {
 public:
  Show(const BatchOptions& o, JobStore& store) : json_(o.json), quiet_(o.quiet), terminal_(isatty(STDERR_FILENO) != 0) {
    for (const Job& job : store.all()) {
      ++count_;
      ended_ += job.state != JobState::queued && job.state != JobState::running;
    }
  }

  void operator()(const Job& job, const Json& what) {
    const std::string event = text_at(what, "event");
    if (event == "running") running_[job.line] = 0;
    if (event == "progress") running_[job.line] = what.value("fraction", 0.0);
    if (event == "done" || event == "failed" || event == "queued") running_.erase(job.line);
    ended_ += event == "done" || event == "failed";
    if (json_) {
      Json line = event_of(job);
      line.update(what);
      line["event"] = event == "done" || event == "failed" ? "job" : event;
      if (!(quiet_ && line["event"] != "job")) print_json(line);
    } else if (!quiet_) {
      show(job, event, what);
    }
  }

  void end() const {
    if (terminal_ && !json_ && !quiet_) print_error("\r{:78}\r", "");
  }

 private:
  void show(const Job& job, const std::string& event, const Json& what) const {
    if (event == "note") line(fmt::format("line {}: note: {}", job.line, in_options(text_at(what, "text"), nullptr)));
    if (event == "failed") line(fmt::format("line {}: {}: {}", job.line, job.recipe, in_options(job.error.message, nullptr)));
    if (event == "done") line(fmt::format("line {}: {} ({:.1f} s)", job.line, job.folder, job.seconds));
    if (event == "queued") line(fmt::format("line {}: {}; tried again", job.line, text_at(what, "why")));
    if (!terminal_) return;
    std::string now;
    for (const auto& [number, fraction] : running_) now += fmt::format("  line {} {:3.0f} %", number, fraction * 100);
    print_error("\r{:78}", fmt::format("{} of {}{}", ended_, count_, now).substr(0, 78));
  }
  void line(const std::string& text) const {
    if (terminal_) print_error("\r{:78}\r", "");
    print_error("{}\n", text);
  }

  bool json_, quiet_, terminal_;
  int64_t count_ = 0, ended_ = 0;
  std::map<int64_t, double> running_;
};

/// As the file has it: fields by their names.
std::string in_json(const Error& error) {
  return said(
      error.message, [](const std::string&) -> std::optional<std::string> { return {}; }, true);
}

/// Every broken line is said; the status is that of the first.
Result<std::vector<NewJob>> read_jobs(const std::string& file, const std::string& text) {
  constexpr size_t kMaxShown = 20;
  std::vector<LineProblem> problems;
  std::vector<NewJob> jobs = read_batch(text, problems);
  if (problems.empty()) return jobs;
  for (size_t i = 1; i < std::min(problems.size(), kMaxShown); ++i) print_error("ptah: {}:{}: {}\n", file, problems[i].line, in_json(problems[i].error));
  if (problems.size() > kMaxShown) print_error("ptah: {} has {} more lines that are wrong\n", file, problems.size() - kMaxShown);
  const LineProblem& first = problems.front();
  return fail(first.error.code, "{}:{}: {}", file, first.line, in_json(first.error));
}

/// A line a work, and how many there are.
void show_table(JobStore& store, bool json) {
  std::map<std::string_view, int64_t> counts;
  Json list = Json::array();
  for (const Job& job : store.all()) {
    ++counts[name_of(job.state)];
    if (json) {
      list.push_back(event_of(job));
      continue;
    }
    const std::string what = job.state == JobState::failed ? in_options(job.error.message, nullptr) : job.folder;
    print("{:5}  {:<9} {:<9} {:8.1f} s  {}\n", job.line, job.recipe, name_of(job.state), job.seconds, what);
  }
  if (json) {
    Json event{{"event", "batch"}, {"jobs", std::move(list)}};
    for (const auto& [state, count] : counts) event[std::string(state)] = count;
    print_json(event);
  }
}

std::vector<std::string> worker_command(const BatchOptions& o, const fs::path& store) {
  const int64_t each = o.threads > 0 ? o.threads : std::max(1, threads() / std::max(1, o.workers));
  return {"/proc/self/exe", "worker", store.string(), "--threads", std::to_string(each)};
}

Result<void> run_batch(const BatchOptions& o) {
  if (o.workers < 1 || o.workers > 64) return fail(ErrorCode::invalid_argument, "`workers` {}; 1 to 64 are possible", o.workers);
  PTAH_TRY(const int64_t budget, parse_bytes(o.budget));
  PTAH_TRY(const std::string text, input_text(o.file));
  const fs::path file = fs::absolute(o.file).lexically_normal();
  std::vector<NewJob> jobs;
  if (!o.resume) {
    PTAH_TRY_VOID(Batch::check_new(file));
    PTAH_TRY(jobs, read_jobs(o.file, text));
  }
  PTAH_TRY(const auto key, signing_key(o.signing));
  PTAH_TRY(Batch batch, o.resume ? Batch::resume(file, text) : Batch::begin(file, text, jobs));
  JobStore& store = batch.store();
  if (o.retry) store.retry();
  Show show(o, store);
  const std::vector<std::string> command = worker_command(o, store.folder());
  RunnerOptions options{.workers = o.workers, .budget_bytes = budget, .make_worker = [&] { return make_process_worker(command); }, .cancel = &interrupted()};
  options.tell = [&](const Job& job, const Json& what) { show(job, what); };
  const auto ran = batch.run(options, {key ? &*key : nullptr, environment("PTAH_TIMESTAMP")});
  show.end();
  if (!ran && ran.error().code == ErrorCode::cancelled) return fail(ErrorCode::cancelled, "stopped; go on with: ptah batch --resume {}", o.file);
  if (!ran) return tl::unexpected(ran.error());
  if (!o.quiet || o.json) show_table(store, o.json);
  const std::vector<Job> all = store.all();
  const auto failed = std::count_if(all.begin(), all.end(), [](const Job& job) { return job.state == JobState::failed; });
  if (failed == 0) return {};
  const auto first = std::find_if(all.begin(), all.end(), [](const Job& job) { return job.state == JobState::failed; });
  return fail(first->error.code, "{} of {} could not be made; the first is line {}", failed, all.size(), first->line);
}

}  // namespace

void add_batch(CLI::App& app, Action& action) {
  auto o = std::make_shared<BatchOptions>();
  CLI::App* command = app.add_subcommand("batch", "make the requests of a file, one a line; can be stopped and resumed");
  command->add_option("file", o->file, "lines such as {\"recipe\": \"create\", \"request\": {\"prompt\": \"a red fox\"}, \"out\": \"fox\"}")->required();
  command->add_flag("--resume", o->resume, "go on with a file that was begun");
  command->add_flag("--retry", o->retry, "with --resume: try again what could not be made");
  command->add_option("--workers", o->workers, "how many at once, where they fit into the budget (1 to 64)");
  command->add_option("--budget", o->budget, "most memory that all of them together use, e.g. 2G");
  command->add_option("--threads", o->threads, "threads of each (default: all cores, shared)");
  command->add_flag("--json", o->json, "print JSON lines");
  command->add_flag("--quiet", o->quiet, "print nothing but errors; with --json: no progress");
  add_signing_options(*command, o->signing);
  command->callback([o, &action] { action = [o] { return finish(guard([&] { return run_batch(*o); })); }; });
}

void add_worker(CLI::App& app, Action& action) {
  struct Options {
    std::string folder;
    int64_t threads = 0;
    bool passing = false;
  };
  auto o = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("worker", "does what ptah batch, serve and work ask for")->group("");
  command->add_option("folder", o->folder)->required();
  command->add_option("--threads", o->threads);
  command->add_flag("--passing", o->passing);
  command->callback([o, &action] {
    action = [o] {
      return finish(guard([&]() -> Result<void> {
        PTAH_TRY_VOID(take_threads(o->threads));
        return serve_worker(o->folder, interrupted(), app_answers(), o->passing);
      }));
    };
  });
}

}  // namespace ptah::cli
