// Many requests in a file, one JSON object a line, made one after the other or several at once; can be stopped or killed and gone on with.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "jobs/runner.h"
#include "own/finish.h"

namespace ptah {

/// What is wrong with a line.
struct LineProblem {
  int64_t line = 0;
  Error error;
};

/// The jobs of a file's text. A line is {"recipe": …, "request": {…}, "out": …}: the recipe's name, what it is asked (docs/requests.md), and the folder of the
/// work (optional: one below ptah-works). Empty lines are left out. Every line is checked, and that what it names is there; `problems` gets what is wrong.
std::vector<NewJob> read_batch(const std::string& text, std::vector<LineProblem>& problems);

class Batch {
 public:
  /// Where the jobs of a file are kept: FILE.jobs beside it.
  static std::filesystem::path place_of(const std::filesystem::path& file);
  /// Errors: invalid_argument if a file was begun already, or another process works on it.
  static Result<void> check_new(const std::filesystem::path& file);
  /// A new batch of jobs that were read from `text`, in the current folder. Errors: invalid_argument (there is one already; another process works on it),
  /// permission, no_space, io.
  static Result<Batch> begin(const std::filesystem::path& file, const std::string& text, const std::vector<NewJob>& jobs);
  /// The batch of a file that was begun, and makes the folder current in which that was. Errors: not_found (none was begun), mismatch (the file changed since),
  /// invalid_argument (another process works on it), corrupt, io.
  static Result<Batch> resume(const std::filesystem::path& file, const std::string& text);

  JobStore& store() { return *store_; }
  /// Does what is queued; works go to their folders, signed. Errors: as run_jobs.
  Result<void> run(RunnerOptions options, const Signing& signing);

 private:
  explicit Batch(std::unique_ptr<JobStore> store) : store_(std::move(store)) {}
  std::unique_ptr<JobStore> store_;
};

/// Puts the work of a job that is done into its folder, once: also after a process was killed in the middle of it. Errors: as finish_work.
Result<void> deliver_job(JobStore& store, const Job& job, const Signing& signing);

}  // namespace ptah
