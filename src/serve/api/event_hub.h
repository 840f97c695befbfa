// What happens to jobs, told to whoever follows them: every event once and in order, from the store, so that nothing is lost between two connections.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "jobs/job_store.h"
#include "serve/http/stream.h"

namespace ptah {

/// What a job's picture will be about.
struct JobPreview {
  int64_t step = 0;
  std::shared_ptr<const std::string> png;
};

/// What a job said since it told the last time: 16 bits a sample.
struct JobSound {
  size_t at = 0;  ///< bytes before it
  std::string pcm;
};

/// How what happens to a job is said to a follower; an empty text says nothing.
struct EventShape {
  std::function<std::string(const JobEvent& event)> event;
  std::function<std::string(const JobPreview& preview)> preview = {};
  std::function<std::string(const JobSound& sound)> sound = {};  ///< from another thread than `event`
  std::function<void()> left = {};                               ///< called when the follower leaves before the job has ended; quick, and from the hub's thread
};

/// The name of a job outside: "job_12". The inverse gives 0 for what is none.
std::string job_name(int64_t id);
int64_t job_number(std::string_view name);

/// For several threads. One thread reads the store and fills the streams.
class EventHub {
 public:
  static constexpr size_t kMaxWaiting = 4 << 20;  ///< bytes; a whole job's events fit

  explicit EventHub(JobStore& store);
  ~EventHub();
  EventHub(const EventHub&) = delete;
  EventHub& operator=(const EventHub&) = delete;

  /// The events of a job with numbers above `after`, as server-sent events whose ids are the numbers; ends behind the event that ends the job.
  std::shared_ptr<HttpStream> follow(int64_t job, int64_t after);
  /// The same in another shape, from the beginning. Who falls more than `max_waiting` bytes behind is disconnected.
  std::shared_ptr<HttpStream> follow(int64_t job, EventShape shape, size_t max_waiting = kMaxWaiting);
  /// Those of all jobs that somebody asked for; `after` below 0: only what happens from now on. Does not end.
  std::shared_ptr<HttpStream> follow_all(const std::string& owner, int64_t after);
  /// Told to those who follow now, without a number, and to the next who do: it is not kept in the store.
  void show(int64_t job, const JobPreview& preview);
  std::optional<JobPreview> preview(int64_t job) const;
  /// Told to those who follow the job now; it is not kept.
  void hear(int64_t job, const JobSound& sound);
  /// How much has happened so far, and waiting until it is more, at most so many seconds.
  uint64_t seen() const;
  void wait(uint64_t seen, double seconds) const;
  size_t followers() const;

 private:
  struct Follower {
    int64_t job = 0;  ///< 0: all of an owner
    std::string owner;
    int64_t after = 0;
    std::shared_ptr<HttpStream> stream;
    EventShape shape = {};
    bool ended = false;
  };
  std::shared_ptr<HttpStream> add(const std::shared_ptr<Follower>& follower, size_t max_waiting = kMaxWaiting);
  void run();
  void serve(Follower& follower, std::map<std::pair<int64_t, int64_t>, std::vector<JobEvent>>& read);
  void forget_ended(const std::set<int64_t>& jobs);

  JobStore& store_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_, happened_;
  std::set<int64_t> touched_;  ///< jobs to which something happened
  std::vector<std::shared_ptr<Follower>> followers_;
  std::map<int64_t, JobPreview> previews_;
  uint64_t count_ = 0;  ///< of what happened
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace ptah
