// Jobs of a store that workers on other machines do. What there is to know of a job stays in the store; through the broker go the jobs that the workers can
// begin soon, and what becomes of them.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <map>
#include <mutex>
#include <set>

#include "jobs/remote/broker.h"
#include "jobs/remote/messages.h"
#include "jobs/runner.h"

namespace ptah {

struct RemoteQueueOptions {
  std::string engine;                 ///< engine_identity()
  std::string path;                   ///< numeric_path()
  std::filesystem::path checkpoints;  ///< models of the user's own, which workers have too; empty: none
  double worker_seconds = 4;          ///< one that says nothing for so long is gone
  double ask_seconds = 1;             ///< what became of jobs is asked so often, beside being heard
};

/// Of RunnerOptions it takes deliver, tell, cancel, stay, choose, watched and keep_seconds. As many jobs are at the broker as the workers that are there can do
/// at once, and as many again.
class RemoteQueue : public JobQueue {
 public:
  RemoteQueue(JobStore& store, RunnerOptions options, std::unique_ptr<Broker> broker, RemoteQueueOptions remote);
  ~RemoteQueue() override;
  Result<void> run() override;
  void wake() override;
  bool cancel(int64_t id) override;

  /// Workers reach this server at "http://host:7878": from now on jobs go to them.
  void reached_at(std::string url);
  /// Those that are there, by name; and whether they compute as this program does, so that they are asked.
  std::vector<WorkerSeen> workers() const;
  bool usable(const WorkerSeen& worker) const { return worker.engine == engine_ && worker.path == remote_.path; }

  // For workers that fetch and bring files. Errors: permission (another job's token, or one that has ended), not_found, those of JobStore::bring.
  Result<void> check_token(int64_t job, std::string_view token) const;
  Result<std::filesystem::path> file(int64_t job, std::string_view token, const std::string& sha256) const;
  Result<void> bring(int64_t job, std::string_view token, const std::string& sha256, std::span<const uint8_t> bytes) const;

 private:
  using Clock = std::chrono::steady_clock;
  struct InFlight {
    std::string job_class;
    Clock::time_point told = {};  ///< progress, the last time
    int64_t begun = 0;
    bool found = false;  ///< what became of it is noted; it was not heard yet
  };

  bool cancelled() const { return options_.cancel && options_.cancel->cancelled(); }
  Result<void> listen();
  void hear(const std::string& text);
  void see(const std::string& text);
  void take_events();
  void take_event(int64_t id, const Json& what);
  void ask_outcomes();
  bool ask_outcome(int64_t id);
  void finish(int64_t id, const RemoteOutcome& outcome);
  void give_up(const Job& job, const Error& error);
  void again(int64_t id, const std::string& why);
  bool is_there(Clock::time_point seen) const { return Clock::now() - seen < std::chrono::duration<double>(remote_.worker_seconds); }
  bool room() const;
  void dispatch();
  bool send(Job job);
  Result<RemoteJob> remote_job(const Job& job) const;
  std::string value(const char* what, int64_t id) const { return fmt::format("{}.{}.{}", what, server_, id); }
  std::string token_of(int64_t id) const;
  void tell(const Job& job, const Json& what) const;

  JobStore& store_;
  const RunnerOptions options_;
  const RemoteQueueOptions remote_;
  const std::string engine_;  ///< as a token
  std::unique_ptr<Broker> broker_;
  std::string server_, secret_;
  int64_t known_before_ = 0;  ///< jobs up to this one may be at the broker since an earlier run
  mutable std::mutex mutex_;  ///< of what follows
  std::condition_variable changed_;
  std::string files_url_;
  std::deque<std::string> heard_;
  std::map<int64_t, InFlight> in_flight_;
  std::map<std::string, std::pair<WorkerSeen, Clock::time_point>> workers_;
  bool woken_ = false;
  int64_t asked_last_ = 0;
  Clock::time_point asked_at_ = {}, refused_at_ = {};
  std::vector<std::unique_ptr<Listening>> listening_;  ///< ends before what it changes
};

}  // namespace ptah
