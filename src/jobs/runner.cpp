#include "jobs/runner.h"

#include <chrono>
#include <condition_variable>
#include <map>
#include <thread>

namespace ptah {

namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

class JobRunner::State {
 public:
  State(JobStore& store, RunnerOptions options) : store_(store), options_(std::move(options)) {}

  Result<void> run() {
    std::vector<std::thread> threads;
    const int count = std::max(1, options_.workers);
    held_.resize(static_cast<size_t>(count));
    for (int i = 0; i < count; ++i) threads.emplace_back([this, i] { work(static_cast<size_t>(i)); });
    for (std::thread& thread : threads) thread.join();
    if (problem_) return tl::unexpected(*problem_);
    if (cancelled()) return fail(ErrorCode::cancelled, "cancelled");
    return {};
  }

  void wake() {
    const std::lock_guard lock(mutex_);
    changed_.notify_all();
  }

  bool cancel(int64_t id) {
    const std::lock_guard lock(mutex_);
    if (!store_.cancel(id)) return false;
    if (const auto found = running_.find(id); found != running_.end()) found->second->cancel();
    tell(store_.get(id), {{"event", "cancelled"}});
    changed_.notify_all();
    return true;
  }

 private:
  bool cancelled() const { return options_.cancel && options_.cancel->cancelled(); }

  void work(size_t who) {
    const auto ended = guard([&]() -> Result<void> {
      const std::unique_ptr<JobWorker> worker = options_.make_worker();
      while (const auto job = next(who, *worker)) do_job(*job, who, *worker);
      return {};
    });
    const std::lock_guard lock(mutex_);
    if (!ended && !problem_) problem_ = ended.error();
    changed_.notify_all();
  }

  /// The job that came first, begun; nothing when there is nothing more to do. One thread waits for memory at a time, so that the order is kept; the others
  /// give up what they keep meanwhile.
  std::optional<Job> next(size_t who, JobWorker& worker) {
    std::unique_lock lock(mutex_);
    auto idle_since = Clock::now();
    bool rested = false;
    for (;;) {
      if (problem_ || cancelled()) return {};
      if (options_.rest_seconds > 0 && !rested && Clock::now() - idle_since > std::chrono::duration<double>(options_.rest_seconds)) {
        rested = true;
        held_[who] = 0;
        lock.unlock();
        worker.rest();
        lock.lock();
        continue;
      }
      if (hungry_ && held_[who] > 0) {
        held_[who] = 0;
        lock.unlock();
        worker.rest();
        lock.lock();
        changed_.notify_all();
        continue;
      }
      if (!choosing_) {
        auto job = options_.choose ? options_.choose() : store_.next_queued();
        if (!job && running_.empty() && !options_.stay) return {};
        if (job) {
          choosing_ = true;
          const bool begun = admit(lock, *job, who, worker);
          choosing_ = false;
          changed_.notify_all();
          if (begun) return job;
          idle_since = Clock::now();
          continue;
        }
      }
      wait(lock);
    }
  }

  void wait(std::unique_lock<std::mutex>& lock) { changed_.wait_for(lock, std::chrono::milliseconds(200)); }

  /// Plans a job and waits until it fits; false if it cannot be done, or nothing is done any more.
  bool admit(std::unique_lock<std::mutex>& lock, Job& job, size_t who, JobWorker& worker) {
    int64_t needed = 0;
    if (options_.budget_bytes > 0) {
      if (job.planned_bytes == 0 || job.planned_bytes > options_.budget_bytes) {
        lock.unlock();
        const auto plan = worker.plan(job, options_.budget_bytes);
        lock.lock();
        if (store_.get(job.id).state != JobState::queued) return false;
        if (!plan) {
          fail_or_put_back(job, plan.error(), worker, true);
          return false;
        }
        store_.plan(job.id, *plan);
        job.planned_bytes = plan->peak_bytes;
      }
      needed = job.planned_bytes;
      const auto others = [&] {
        int64_t sum = 0;
        for (size_t i = 0; i < held_.size(); ++i) sum += i == who ? 0 : held_[i];
        return sum;
      };
      hungry_ = true;
      while (others() + needed > options_.budget_bytes && !problem_ && !cancelled()) {
        changed_.notify_all();
        wait(lock);
      }
      hungry_ = false;
      if (problem_ || cancelled()) return false;
    }
    if (store_.get(job.id).state != JobState::queued) return false;  // cancelled meanwhile
    held_[who] = needed;
    store_.start(job.id);
    job = store_.get(job.id);
    job.watched = options_.watched;
    running_[job.id] = std::make_shared<CancelToken>(options_.cancel);
    tell(job, {{"event", "running"}});
    return true;
  }

  void do_job(const Job& job, size_t who, JobWorker& worker) {
    const auto began = Clock::now();
    auto last = Clock::time_point{};
    std::shared_ptr<CancelToken> token;
    {
      const std::lock_guard lock(mutex_);
      token = running_.at(job.id);
    }
    const auto result = worker.run(
        job, options_.budget_bytes,
        [&](const Json& what) {
          const std::lock_guard lock(mutex_);
          if (token->cancelled()) return;  // nothing follows the end
          // What was shown is not kept for ever: one number in a while is enough for who looks later. Previews and sounds are not kept at all.
          const bool progress = what["event"] == "progress", passing = what["event"] == "preview" || what["event"] == "sound";
          if (!passing && (!progress || Clock::now() - last > std::chrono::duration<double>(options_.keep_seconds))) {
            store_.tell(job.id, what);
            if (progress) last = Clock::now();
          }
          tell(job, what);
        },
        token.get());
    const double seconds = std::chrono::duration<double>(Clock::now() - began).count();
    const std::lock_guard lock(mutex_);
    running_.erase(job.id);
    if (options_.budget_bytes > 0 && !result && !worker.alive()) held_[who] = 0;
    if (store_.get(job.id).state == JobState::cancelled) {
      // Nothing came of it.
    } else if (result) {
      store_.finish(job.id, result->outputs, result->facts, seconds);
      settle(store_.get(job.id));
    } else {
      fail_or_put_back(job, result.error(), worker, false);
    }
    changed_.notify_all();
  }

  /// Delivers what is done and says so.
  void settle(const Job& done) {
    const auto delivered = options_.deliver ? options_.deliver(done) : Result<void>();
    if (!delivered) return give_up(done, delivered.error());
    const Job now = store_.get(done.id);
    tell(now, {{"event", "done"}, {"seconds", now.seconds}});
  }

  void give_up(const Job& job, const Error& error) {
    store_.fail(job.id, error);
    const Job now = store_.get(job.id);
    tell(now, {{"event", "failed"}, {"error", error_info(error.code).name}, {"message", error.message}});
  }

  void fail_or_put_back(const Job& job, const Error& error, const JobWorker& worker, bool planning) {
    if (error.code == ErrorCode::cancelled && cancelled()) {
      if (!planning) store_.put_back(job.id, "stopped");
    } else if (!worker.alive() && !planning && job.attempts < options_.max_attempts) {
      store_.put_back(job.id, error.message);
      tell(job, {{"event", "queued"}, {"why", error.message}});
    } else {
      give_up(job, error);
    }
  }

  void tell(const Job& job, const Json& what) const {
    if (options_.tell) options_.tell(job, what);
  }

  JobStore& store_;
  const RunnerOptions options_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<int64_t> held_;                                ///< bytes that each worker holds, or may
  std::map<int64_t, std::shared_ptr<CancelToken>> running_;  ///< by job: ends it alone
  bool choosing_ = false, hungry_ = false;
  std::optional<Error> problem_;
};

JobRunner::JobRunner(JobStore& store, RunnerOptions options) : state_(std::make_unique<State>(store, std::move(options))) {}
JobRunner::~JobRunner() = default;
Result<void> JobRunner::run() { return state_->run(); }
void JobRunner::wake() { state_->wake(); }
bool JobRunner::cancel(int64_t id) { return state_->cancel(id); }

Result<void> run_jobs(JobStore& store, const RunnerOptions& options) {
  if (options.deliver)
    for (const Job& job : store.all()) {  // an earlier process made it and was killed before it could
      if (job.state != JobState::done || job.delivered) continue;
      if (const auto done = options.deliver(job); !done) store.fail(job.id, done.error());
    }
  return JobRunner(store, options).run();
}

}  // namespace ptah
