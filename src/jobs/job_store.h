// Jobs that outlast the process: what was asked, how far it is, what came out, and everything that happened on the way. One process writes at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/sqlite.h"
#include "work/plan.h"
#include "work/receipt.h"

namespace ptah {

/// A job is queued, then running, and ends as one of the others. A process that is killed leaves running ones, which are queued again.
enum class JobState { queued, running, done, failed, cancelled };
std::string_view name_of(JobState state);

/// What somebody asks for.
struct NewJob {
  std::string recipe;            ///< its name
  Json fields = Json::object();  ///< given fields of the recipe (pipelines/recipes.h)
  std::string out;               ///< the folder of the work; empty: one is chosen
  int64_t line = 0;              ///< of the file that asked for it; 0: none
};

/// A file that a job made: its name, and the SHA-256 in hex of its bytes, by which the store keeps them.
struct JobOutput {
  std::string name, sha256;
  int64_t bytes = 0;
};

/// Who asks a server for a job, and how it is told from others.
struct Asking {
  std::string owner;   ///< whose key it is; empty: nobody's
  std::string key;     ///< the same for requests whose works are the same, byte for byte
  bool batch = false;  ///< it may wait until nothing short is queued
};

struct Job : NewJob {
  int64_t id = 0;
  JobState state = JobState::queued;
  int attempts = 0;                ///< how often it was begun
  int64_t planned_bytes = 0;       ///< 0: not planned
  std::vector<JobOutput> outputs;  ///< of one that is done, receipt.json among them
  Json facts;                      ///< what making it told besides (Work::facts)
  Error error;                     ///< of one that failed
  std::string folder;              ///< where the work is or will be; empty: not said yet
  bool delivered = false;          ///< it is there
  double seconds = 0;              ///< of the last attempt

  // Of one that was asked of a server (JobStore::ask).
  double planned_seconds = 0;
  int64_t created = 0, started = 0, ended = 0;  ///< seconds since 1970; 0: not yet
  bool watched = false;                         ///< previews and texts are told while it runs; not kept
  std::string draft;                            ///< a file's ending: nothing is kept, the first such file is told in the facts; not kept
};

/// A job that waits.
struct QueuedJob {
  int64_t id = 0;
  std::string owner;  ///< of those who asked for it, the first
  bool batch = false;
  double planned_seconds = 0;
};

/// How many jobs of a recipe are in a state, and the seconds of their last attempts.
struct JobCount {
  std::string recipe;
  JobState state = JobState::queued;
  int64_t count = 0;
  double seconds = 0;
};

/// Who is told when a job has ended.
struct Webhook {
  int64_t number = 0, job = 0;
  std::string owner, url, secret;
  int64_t tries = 0;
};

/// Something that happened to a job. Numbers grow over all jobs of a store.
struct JobEvent {
  int64_t number = 0, job = 0;
  Json what;  ///< {"event": "queued", "running", "progress", "note", "done", "failed", "cancelled", "delivered", …}
};

/// The functions may be called from several threads. They throw Failure: io, no_space, permission, corrupt.
class JobStore {
 public:
  /// Opens or makes the store in a folder, which other processes cannot open meanwhile, and queues what was running when the last one ended. Errors:
  /// permission, no_space, io, corrupt; invalid_argument (another process has it open).
  static Result<std::unique_ptr<JobStore>> open(const std::filesystem::path& folder);
  ~JobStore();
  JobStore(const JobStore&) = delete;
  JobStore& operator=(const JobStore&) = delete;

  /// Adds all of them or none, with notes of the whole store (note()).
  void add(const std::vector<NewJob>& jobs, const Json& notes = Json::object());
  /// What was noted when jobs were added; null if nothing was.
  Json note(const std::string& name) const;

  /// Adds a job that somebody asks for, with its plan if there is one, or joins in one with the same key that has not failed; the job, and whether it is new.
  std::pair<int64_t, bool> ask(const NewJob& job, const Asking& asking, const Plan* plan = nullptr);
  /// The job with this key that has not failed.
  std::optional<int64_t> known(const std::string& key) const;
  /// Whether somebody asked for a job and did not withdraw.
  bool asked(int64_t id, const std::string& owner) const;
  /// How many asked for it.
  int64_t askers(int64_t id) const;
  /// Who asked for it first; empty if nobody did.
  std::string first_asker(int64_t id) const;
  /// Takes back what somebody asked for.
  void withdraw(int64_t id, const std::string& owner);
  /// What somebody asked for and did not withdraw, the latest first, with numbers below `before` (0: all): what is not in the bin, or what is.
  std::vector<Job> asked_by(const std::string& owner, int64_t before, int64_t limit, bool in_bin = false) const;
  /// Puts something of somebody's that has ended into the bin, or back. False if it was there already, or is not theirs. Asking for it again takes it out too.
  bool put_into_bin(int64_t id, const std::string& owner);
  bool take_from_bin(int64_t id, const std::string& owner);
  /// Withdraws what is in somebody's bin; how many. Results that nobody else asked for are given up: their bytes go when the store is opened the next time.
  int64_t empty_bin(const std::string& owner);
  /// How many of somebody's are queued or running, and how many were asked for since a time.
  int64_t unfinished_of(const std::string& owner) const;
  int64_t asked_since(const std::string& owner, int64_t time) const;
  /// By recipe and state.
  std::vector<JobCount> counts() const;
  /// Whether somebody's key of a request (Idempotency-Key) stands for this digest of one; a new key does from now on, for a day.
  bool same_request(const std::string& owner, const std::string& key, const std::string& digest);
  /// Keeps a webhook of a job; the same of one owner once.
  void add_webhook(const Webhook& hook);
  /// Those of jobs that have ended, whose time has come; the first `max`.
  std::vector<Webhook> webhooks_due(int64_t now, int64_t max) const;
  /// It was tried once more, and will be again at `next`; 0: it is over.
  void webhook_tried(int64_t number, int64_t next);
  /// What waits, in the order in which it came.
  std::vector<QueuedJob> queued() const;
  /// Called, from any thread, when something happens to a job; must be quick and call nothing of the store.
  void watch(std::function<void(int64_t id)> seen);

  std::optional<Job> next_queued() const;                                  ///< the one that came first
  Job get(int64_t id) const;                                               ///< throws Failure: not_found
  std::vector<Job> all() const;                                            ///< in the order in which they came
  std::vector<JobEvent> events(int64_t after = 0, int64_t job = 0) const;  ///< with larger numbers than `after`; of one job unless that is 0

  int64_t last_event() const;  ///< its number; 0: there is none yet

  void plan(int64_t id, const Plan& plan);
  void start(int64_t id);
  /// Queues a running one again, behind none of those that came later.
  void put_back(int64_t id, const std::string& why);
  /// The outputs have to be kept (keep()) by now.
  void finish(int64_t id, const std::vector<JobOutput>& outputs, const Json& facts, double seconds);
  void fail(int64_t id, const Error& error);
  /// One that is queued or running; false if it has ended.
  bool cancel(int64_t id);
  /// Failed and cancelled ones are queued again; how many.
  int64_t retry();
  /// Says where a work will be. False if another job has that folder.
  bool reserve(int64_t id, const std::string& folder);
  /// The work is there. Its bytes are no longer kept, unless another job that is not delivered has the same.
  void deliver(int64_t id);
  /// Adds an event that changes no state: progress, a note. It is on the disk a moment later, with the next change of a state.
  void tell(int64_t id, const Json& what);

  const std::filesystem::path& folder() const { return folder_; }
  /// Keeps bytes by their SHA-256: written once, whole or not at all. Errors: io, no_space, permission.
  static Result<JobOutput> keep(const std::filesystem::path& folder, const std::string& name, std::span<const uint8_t> bytes);
  /// Where the bytes of an output lie.
  std::filesystem::path place_of(const JobOutput& output) const { return file_of(folder_, output.sha256); }
  static std::filesystem::path file_of(const std::filesystem::path& folder, const std::string& sha256);
  /// Keeps bytes that another machine brought for a job that runs (keep()); they stay until it has ended, also if this process is killed.
  /// `sha256` is theirs. Errors: as keep().
  Result<void> bring(int64_t id, const std::string& sha256, std::span<const uint8_t> bytes) const;
  /// The work of a job that is done. Errors: not_found, corrupt.
  Result<Work> work(const Job& job) const;

 private:
  explicit JobStore(std::filesystem::path folder, int lock);
  /// Removes results that no job needs any more, or that were never finished, as processes that were killed leave them.
  void sweep() const;
  static Result<void> keep_as(const std::string& sha256, const std::filesystem::path& folder, std::span<const uint8_t> bytes);
  /// What was brought for jobs that have not ended; forgets the rest.
  std::set<std::string> brought() const;
  void happened(int64_t id, const Json& what);
  void change(int64_t id, JobState to, const Json& what);
  void note_plan(int64_t id, const Plan& plan);
  Job job_of(Statement& row) const;
  std::vector<Job> jobs_of(Statement& row) const;
  void open_asked() const;  ///< makes the tables of what servers are asked

  std::filesystem::path folder_;
  std::function<void(int64_t id)> seen_;
  int lock_;
  mutable std::recursive_mutex mutex_;
  std::unique_ptr<Database> db_;
};

}  // namespace ptah
