// Runs the queued jobs of a store, in the order in which they came, several at once where they fit into a budget.
#pragma once

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
};

/// Until none is queued. What a recipe refuses fails its job and no other one. Errors: cancelled; those of the store.
Result<void> run_jobs(JobStore& store, const RunnerOptions& options);

}  // namespace ptah
