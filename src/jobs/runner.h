// Runs the queued jobs of a store, in the order in which they came, several at once where they fit into a budget.
#pragma once

#include "jobs/job_queue.h"
#include "jobs/worker.h"

namespace ptah {

struct RunnerOptions {
  int workers = 1;           ///< at once, at most
  int64_t budget_bytes = 0;  ///< of the planned peaks of all that run; 0: none
  int max_attempts = 3;      ///< of a job whose worker ends with it
  std::function<std::unique_ptr<JobWorker>()> make_worker;
  /// Called for each job that is done, one at a time: puts its work where it belongs. An error fails the job.
  std::function<Result<void>(const Job& job)> deliver = {};
  std::function<void(const Job& job, const Json& what)> tell = {};  ///< everything that happens; one call at a time
  const CancelToken* cancel = nullptr;                              ///< jobs that run are queued again

  // For a server.
  bool stay = false;                                ///< waits for more jobs until it is cancelled
  std::function<std::optional<Job>()> choose = {};  ///< which job is next; one call at a time. Unset: the one that came first
  bool watched = false;                             ///< previews and texts are told too (Job::watched)
  double keep_seconds = 1;                          ///< of progress one event in so many seconds is kept in the store
  double rest_seconds = 0;                          ///< a worker that had nothing to do for so long gives up what it keeps; 0: never
};

/// Runs jobs with workers of this program.
class JobRunner : public JobQueue {
 public:
  JobRunner(JobStore& store, RunnerOptions options);
  ~JobRunner() override;
  Result<void> run() override;
  void wake() override;
  bool cancel(int64_t id) override;

 private:
  class State;
  std::unique_ptr<State> state_;
};

/// Until none is queued. What a recipe refuses fails its job and no other one. Errors: cancelled; those of the store.
Result<void> run_jobs(JobStore& store, const RunnerOptions& options);

}  // namespace ptah
