// Who does jobs: in this process, or in one of its own, which may crash without taking anything with it.
#pragma once

#include <functional>
#include <memory>

#include "base/progress.h"
#include "jobs/job_store.h"

namespace ptah {

struct JobResult {
  std::vector<JobOutput> outputs;  ///< kept in the store
  Json facts;
};

/// Does one job at a time. For one thread.
class JobWorker {
 public:
  /// Gets {"event": "progress", "stage", "fraction"} and {"event": "note", "text"}; of a job that is watched also {"event": "preview", "step", "png"}, the
  /// picture in base64, {"event": "text", "text"}, what was written since, and {"event": "sound", "at", "pcm"}, what was said since: 16 bits a sample, in
  /// base64, behind so many bytes.
  using Tell = std::function<void(const Json& what)>;

  virtual ~JobWorker() = default;
  /// Memory and time of a job within a budget (0: none). Errors: those of the recipe, over_budget among them.
  virtual Result<Plan> plan(const Job& job, int64_t budget_bytes) = 0;
  /// Errors: those of the recipe; cancelled.
  virtual Result<JobResult> run(const Job& job, int64_t budget_bytes, const Tell& tell, const CancelToken* cancel) = 0;
  /// Whether the last error was the job's own. False: the worker ended, and another one may do the job.
  virtual bool alive() const { return true; }
  /// Gives up what it keeps in memory for the next job.
  virtual void rest() = 0;
};

/// A kind of job that makes no work and that what stands above this folder answers. For one thread.
struct AnswerKind {
  std::string kind;
  std::function<Result<JobResult>(const Json& fields, const JobWorker::Tell& tell, const CancelToken* cancel)> run;
  std::function<Result<Plan>(const Json& fields)> plan;
  std::function<void()> clear;  ///< gives up what it keeps in memory
};

/// Where results lie until somebody takes them elsewhere: files of a folder that are written over by the next job, and not synced. `index`: that of the output.
std::filesystem::path passing_file(const std::filesystem::path& folder, size_t index);
/// Errors: io, no_space.
Result<JobOutput> write_passing(const std::filesystem::path& folder, size_t index, const std::string& name, std::span<const uint8_t> bytes);

/// Here. `folder` is the store's.
std::unique_ptr<JobWorker> make_local_worker(std::filesystem::path folder);

/// In a process of its own: `command` is a program that calls serve_worker(), e.g. {"/proc/self/exe", "worker", …}. It is started when there is something to
/// do, ends when this one does, however that ends, and another one is started if it crashed. It has none of this process's files and works in `folder` (empty:
/// where this process does).
std::unique_ptr<JobWorker> make_process_worker(std::vector<std::string> command, std::filesystem::path folder = {});

/// Does what another process asks for, line by line as JSON on standard input and output, until there is no more. Results are kept in the store in `folder`,
/// or, if they are `passing`, left where passing_file() says.
/// `cancel` is set when the other process wants a job to end, by SIGTERM. `answers` are kinds besides the recipes and those of jobs/language_answers.h.
/// Errors: io.
Result<void> serve_worker(const std::filesystem::path& folder, const CancelToken& cancel, std::vector<AnswerKind> answers = {}, bool passing = false);

}  // namespace ptah
