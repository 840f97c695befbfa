// Does what servers have queued at a broker: on any machine that gives the same bytes as they do.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "jobs/remote/broker.h"
#include "jobs/worker.h"

namespace ptah {

struct RemoteWorkerOptions {
  std::string name;                   ///< of this worker among others, e.g. host and process
  std::string engine, path;           ///< engine_identity() and numeric_path()
  std::vector<std::string> classes;   ///< of jobs that it does (job_class)
  int slots = 1;                      ///< jobs at once
  int64_t budget_bytes = 0;           ///< of each; 0: none
  std::filesystem::path folder;       ///< where it works; nothing in it has to be kept
  std::filesystem::path checkpoints;  ///< models of the user's own; empty: none
  double lease_seconds = 30;          ///< a job whose worker says nothing for so long is another one's
  int max_kills = 5;                  ///< a job that ended so many workers fails
  double idle_seconds = 0.5;          ///< between looks for jobs, beside being told of them
  /// A worker that leaves its results in `folder` (passing_file()).
  std::function<std::unique_ptr<JobWorker>(const std::filesystem::path& folder)> make_worker;
  /// Told of: {"event": "begun" | "done" | "failed" | "returned" | "lost", "job", "recipe", "seconds", …}; from any thread, one call at a time.
  std::function<void(const Json& what)> tell = {};
  const CancelToken* cancel = nullptr;  ///< jobs that run are given back
};

/// Until it is cancelled. Every job is noted once at the broker before it is taken off the queue, so that one whose worker, broker or server is killed is done
/// again unless it was noted. Errors: cancelled; io (the broker, at the beginning).
Result<void> work_for_broker(Broker& broker, const RemoteWorkerOptions& options);

}  // namespace ptah
