// Jobs as a server offers them: checked and planned before they are taken, shared by those who ask for the same, run in processes of their own.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "jobs/remote/remote_queue.h"
#include "jobs/runner.h"
#include "jobs/turns.h"
#include "pipelines/recipes.h"
#include "serve/api/event_hub.h"
#include "serve/api/served_files.h"

namespace ptah {

struct ServiceOptions {
  std::filesystem::path folder;              ///< of the job store and the files; one server at a time
  std::vector<std::string> command;          ///< what a worker runs (jobs/worker.h)
  int workers = 1;                           ///< jobs that run at once, where they fit into the budget
  int64_t budget_bytes = 0;                  ///< of the planned peaks of all that run; 0: none
  std::filesystem::path checkpoints;         ///< models of the user's own; empty: none
  double rest_seconds = 300;                 ///< a worker that had nothing to do for so long gives its memory back
  std::optional<BrokerOptions> broker = {};  ///< other machines do the jobs, and this one plans them
};

/// Counts what goes on while it lives.
class CountWhile {
 public:
  explicit CountWhile(std::atomic<int>& count) : count_(count) { ++count_; }
  ~CountWhile() { --count_; }
  CountWhile(const CountWhile&) = delete;
  CountWhile& operator=(const CountWhile&) = delete;

 private:
  std::atomic<int>& count_;
};

/// A job that was asked for.
struct AskedJob {
  int64_t id = 0;
  bool is_new = false;  ///< false: somebody asked for the same before
  bool made = false;    ///< and it was made already
};

class JobService {
 public:
  /// Opens the store, queues again what ran when the last server ended, and begins to run. Errors: as JobStore::open, and connect_broker.
  static Result<std::unique_ptr<JobService>> open(ServiceOptions options);
  /// What runs is queued again.
  ~JobService();

  /// Takes a job, durably, for somebody. The fields are those of the recipe (docs/requests.md); files as in served_files.h. Errors, with the field: what the
  /// recipe refuses, over_budget (says what would fit), not_found (a file).
  enum class For { now, later };  ///< now: only while somebody waits (hold())
  Result<AskedJob> ask(const std::string& kind, const Json& request, const std::string& owner, For when = For::later, bool batch = false);
  /// Takes what makes no work (jobs/language_answers.h).
  Result<AskedJob> ask_answer(const std::string& kind, const Json& fields, const std::string& owner, For when = For::now);
  /// Memory and time of a request. Errors: as ask().
  Result<Plan> plan(const std::string& kind, const Json& request, const std::string& owner);
  /// A request with its files found, as a worker takes it. Errors: as ask(), without what a plan would find.
  Result<NewJob> checked(const std::string& kind, const Json& request, const std::string& owner) const;
  /// A process for jobs beside the queue; it is started when there is something to do.
  std::unique_ptr<JobWorker> make_worker() const;
  /// Somebody's job. Errors: not_found, also for those of others.
  Result<Job> find(const std::string& name, const std::string& owner) const;
  /// Any job. Throws Failure: not_found.
  Job stored(int64_t id) const { return store_->get(id); }
  /// Somebody does not want it any more: it is cancelled unless others asked for it too. False if it had ended.
  Result<bool> cancel(const Job& job, const std::string& owner);
  /// Waits until a job ends, or the token is cancelled.
  Job wait(int64_t id, const CancelToken* cancel) const;
  /// Waits until there is something to tell of a job besides its place in the queue, or so many seconds.
  Job wait_for_news(int64_t id, double seconds, const CancelToken* cancel) const;
  /// Somebody waits for a job and for nothing else: when the last of them leaves, it is cancelled, unless it was asked for with ask() for later.
  void hold(int64_t id);
  void release(int64_t id);

  /// What is told of a job: {id, object, kind, status, progress, place, planned, …}.
  struct Place {
    int64_t place = 0;   ///< 1: the next
    double seconds = 0;  ///< until it is done, as planned
  };
  Json view(const Job& job, const std::map<int64_t, Place>* places = nullptr) const;
  /// Of all that wait.
  std::map<int64_t, Place> places() const;
  /// How many requests are being planned, or wait for that.
  int planning() const { return planning_; }
  /// Nothing if workers run; else why none can.
  std::optional<Error> problem() const;

  JobStore& store() { return *store_; }
  EventHub& events() { return *hub_; }
  /// Other machines reach this server at an address; without a broker nothing happens.
  void reached_at(const std::string& url) {
    if (remote_) remote_->reached_at(url);
  }
  /// Null if workers of this machine do the jobs.
  const RemoteQueue* remote() const { return remote_; }
  const ServedFiles& files() const { return files_; }
  const ServiceOptions& options() const { return options_; }

 private:
  explicit JobService(ServiceOptions options);
  struct Prepared {
    NewJob job;
    std::string key;
  };
  Result<void> open_queue(RunnerOptions options);
  Result<Prepared> prepared(const std::string& kind, const Json& request, const std::string& owner) const;
  Result<Plan> planned(const NewJob& job);
  std::string key_of(const std::string& kind, const Json& identities) const;
  std::optional<Job> choose();
  void told(const Job& job, const Json& what);

  ServiceOptions options_;
  ServedFiles files_;
  std::string engine_;  ///< what decides about bytes besides the request
  std::unique_ptr<JobStore> store_;
  std::unique_ptr<EventHub> hub_;
  CancelToken stop_;
  std::unique_ptr<JobQueue> runner_;
  RemoteQueue* remote_ = nullptr;  ///< the same, if it is one
  std::thread thread_;
  std::atomic<int> planning_{0};
  std::mutex planner_mutex_;
  std::unique_ptr<JobWorker> planner_;
  mutable std::mutex mutex_;  ///< of what follows
  Turns turns_;
  std::optional<QueuedJob> chosen_;
  std::map<int64_t, int> held_;  ///< by how many who wait
  std::set<int64_t> wanted_later_;
  std::map<int64_t, Json> progress_;  ///< of jobs that run: the last event
  std::optional<Error> problem_;
};

/// "queued", "in_progress", "completed", "failed", "cancelled".
std::string_view status_name(JobState state);
/// By a file's name: "image/png", "model/gltf-binary", …
std::string content_type_of(const std::string& name);

}  // namespace ptah
