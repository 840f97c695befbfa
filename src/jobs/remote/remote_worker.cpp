#include "jobs/remote/remote_worker.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <map>
#include <mutex>
#include <thread>

#include "jobs/remote/file_transfer.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

using RemoteClock = std::chrono::steady_clock;

constexpr double kAnswerSeconds = 1;    ///< of who runs a job; nobody is told at once
constexpr int64_t kKeptRoom = 1 << 20;  ///< bytes of a file that stays until the next job writes over it
constexpr double kReturnSeconds = 3;    ///< until workers are connected again after their broker was away

/// Says again and again that something goes on.
class Beat {
 public:
  Beat(double seconds, const std::function<void()>& beat) {
    thread_ = std::jthread([this, seconds, beat](const std::stop_token& over) {
      std::unique_lock lock(mutex_);
      while (!waiting_.wait_for(lock, over, std::chrono::duration<double>(seconds), [&] { return over.stop_requested(); })) beat();
    });
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any waiting_;
  std::jthread thread_;  // ends first
};

class RemoteWork {
 public:
  RemoteWork(Broker& broker, const RemoteWorkerOptions& options) : broker_(broker), options_(options), engine_(engine_token(options.engine)) {}

  Result<void> run() {
    PTAH_TRY(auto cancels, broker_.listen("ptah.cancel", [this](const std::string&, const std::string& name) { return cancel(name); }));
    PTAH_TRY(auto queued, broker_.listen("ptah.queued.*", [this](const std::string& subject, const std::string&) { return wake(subject); }));
    PTAH_TRY(auto hello, broker_.listen("ptah.hello", [this](const std::string&, const std::string&) { return say_here(); }));
    std::vector<std::thread> threads;
    for (int i = 0; i < options_.slots; ++i) threads.emplace_back([this, i] { work(i); });
    say_here();
    {
      const Beat here(1, [this] {
        say_here();
        broker_.connected_seconds();  // so that it is noticed
      });
      for (std::thread& thread : threads) thread.join();
    }
    if (problem_) return tl::unexpected(*problem_);
    return fail(ErrorCode::cancelled, "cancelled");
  }

 private:
  struct Running {
    explicit Running(const CancelToken* above) : token(above) {}
    CancelToken token;
    std::atomic<bool> unwanted{false};
  };

  bool stopped() const { return options_.cancel && options_.cancel->cancelled(); }

  std::optional<std::string> say_here() {
    int64_t busy = 0;
    {
      const std::lock_guard lock(mutex_);
      busy = static_cast<int64_t>(running_.size());
    }
    broker_.say("ptah.workers", WorkerSeen{options_.name, options_.path, engine_, options_.classes, options_.slots, busy}.text());
    return {};
  }

  std::optional<std::string> wake(const std::string& subject) {
    const std::lock_guard lock(mutex_);
    ++queued_;
    ++queued_of_[subject.substr(subject.rfind('.') + 1)];
    woken_.notify_all();
    return {};
  }

  /// Of the job with this name, if it runs here.
  std::optional<std::string> cancel(const std::string& name) {
    const std::lock_guard lock(mutex_);
    if (const auto found = running_.find(name); found != running_.end()) {
      found->second->unwanted = true;
      found->second->token.cancel();
    }
    return {};
  }

  void tell(const Json& what) {
    const std::lock_guard lock(telling_);
    if (options_.tell) options_.tell(what);
  }

  void work(int slot) {
    const auto ended = guard([&]() -> Result<void> {
      std::vector<Line> lines;
      for (const std::string& job_class : options_.classes) {
        const RemotePlace place{job_class, options_.path, engine_};
        PTAH_TRY(auto taker, broker_.taker({place.group(), place.filter(), options_.lease_seconds}));
        lines.push_back({job_class, std::move(taker)});
      }
      const fs::path folder = options_.folder / std::to_string(slot);
      PTAH_TRY_VOID(make_folders(folder));
      FileTransfer files(folder);
      PTAH_TRY_VOID(make_folders(folder / "empty"));
      const std::unique_ptr<JobWorker> worker = options_.make_worker(folder);
      while (!stopped()) {
        int64_t seen = 0;
        {
          const std::lock_guard lock(mutex_);
          seen = queued_;
        }
        if (const auto delivery = next(lines)) {
          take(*delivery, folder, files, *worker);
          continue;
        }
        std::unique_lock lock(mutex_);
        const auto end = RemoteClock::now() + std::chrono::duration<double>(options_.idle_seconds);
        while (queued_ == seen && !stopped() && RemoteClock::now() < end) woken_.wait_for(lock, std::chrono::milliseconds(100));
      }
      return {};
    });
    const std::lock_guard lock(mutex_);
    if (!ended && !problem_) problem_ = ended.error();
  }

  /// The jobs of a class, as a slot sees them.
  struct Line {
    std::string job_class;
    std::unique_ptr<Taker> taker;
    int64_t seen = -1;  ///< how many were said to be queued when there was none
    RemoteClock::time_point looked = {};
  };

  /// The next job. Where there was none, it looks again when one is queued, or after a while: jobs that come back are not said. The classes take turns.
  std::unique_ptr<Delivery> next(std::vector<Line>& lines) {
    for (size_t i = 0; i < lines.size() && !stopped(); ++i) {
      Line& line = lines[i];
      const auto now = RemoteClock::now();
      int64_t queued = 0;
      {
        const std::lock_guard lock(mutex_);
        queued = queued_of_[line.job_class];
      }
      if (line.seen == queued && now - line.looked < std::chrono::duration<double>(options_.idle_seconds)) continue;
      line.looked = now;
      line.seen = queued;
      auto delivery = line.taker->take();  // a broker that is away comes back
      if (!delivery) line.seen = -1;
      if (!delivery || !*delivery) continue;
      line.seen = -1;
      std::rotate(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(i) + 1, lines.end());
      return std::move(*delivery);
    }
    return nullptr;
  }

  std::string value(const char* what, const RemoteJob& job) const { return fmt::format("{}.{}", what, job.name()); }

  /// Whether another worker runs a job: a broker that was killed forgot that it is alive. After that the others have a while to come back and say so.
  bool is_running(const RemoteJob& job) {
    const double patience = broker_.connected_seconds() < options_.lease_seconds + kReturnSeconds ? kReturnSeconds : 0;
    const auto end = RemoteClock::now() + std::chrono::duration<double>(patience);
    do {
      if (broker_.ask("ptah.running." + job.name(), "", kAnswerSeconds)) return true;
      if (patience > 0) std::this_thread::sleep_for(std::chrono::milliseconds(100));
    } while (RemoteClock::now() < end && !stopped());
    return false;
  }

  /// How many workers a job has ended with, this delivery's before included; noted.
  int64_t killed(const RemoteJob& job, const Delivery& delivery) {
    if (delivery.count() <= 1) return 0;
    const auto said = broker_.get(value("kills", job));
    const int64_t kills = (said && *said ? std::atoll((*said)->c_str()) : 0) + 1;
    (void)broker_.set(value("kills", job), std::to_string(kills));
    return kills;
  }

  void take(Delivery& delivery, const fs::path& folder, FileTransfer& files, JobWorker& worker) {
    const auto job = RemoteJob::read(delivery.text());
    if (!job) {
      tell({{"event", "lost"}, {"why", job.error().message}});
      delivery.done();
      return;
    }
    if (delivery.count() > 1 && is_running(*job)) {  // asked first: whoever ran it just now has noted what became of it
      delivery.back(options_.lease_seconds);
      return;
    }
    const auto over = broker_.get(value("done", *job));
    if (!over) return;  // the broker is away: the job comes again
    if (*over) {        // cancelled, or done by a worker whose last word got lost
      delivery.done();
      return;
    }
    const int64_t kills = killed(*job, delivery);
    if (kills >= options_.max_kills) {
      RemoteOutcome poison;
      poison.error = Error{ErrorCode::internal, fmt::format("{} workers ended with this job: it is not tried again", kills)};
      note(*job, poison, delivery);
      return;
    }
    run(*job, kills, delivery, folder, files, worker);
  }

  void run(const RemoteJob& job, int64_t kills, Delivery& delivery, const fs::path& folder, FileTransfer& files, JobWorker& worker) {
    auto running = std::make_shared<Running>(options_.cancel);
    {
      const std::lock_guard lock(mutex_);
      running_[job.name()] = running;
    }
    const auto began = RemoteClock::now();
    Json about{{"job", job.name()}, {"recipe", job.recipe}, {"attempt", kills + 1}, {"worker", options_.name}};
    tell_server(job, {{"event", "begun"}, {"worker", options_.name}, {"attempt", kills + 1}});
    about["event"] = "begun";
    tell(about);
    Result<RemoteOutcome> outcome = fail(ErrorCode::internal, "nothing was made");
    {
      Result<std::unique_ptr<Listening>> answers = nullptr;  // nobody asks before the lease of the delivery is over
      const Beat alive(options_.lease_seconds / 3, [&] {
        delivery.alive();
        if (!answers || !*answers)
          answers = broker_.listen("ptah.running." + job.name(), [](const std::string&, const std::string&) { return std::optional<std::string>("yes"); });
        const auto over = broker_.get(value("done", job));  // the word that it is not wanted may have got lost
        if (over && *over) running->unwanted = true, running->token.cancel();
      });
      outcome = guard([&] { return made(job, folder, files, worker, *running); });
      about["seconds"] = std::chrono::duration<double>(RemoteClock::now() - began).count();
      if (outcome) note(job, *outcome, delivery);
    }
    {
      const std::lock_guard lock(mutex_);
      running_.erase(job.name());
    }
    if (outcome) {
      about["event"] = outcome->error ? "failed" : "done";
      if (outcome->error) about["message"] = outcome->error->message;
    } else if (running->unwanted) {
      about["event"] = "lost";
      delivery.done();
    } else {
      about["event"] = "returned";
      about["why"] = outcome.error().message;
      // Who stops in good order has not been killed; the next one counts this delivery.
      if (worker.alive()) (void)broker_.set(value("kills", job), std::to_string(kills - 1));
      delivery.back(0);
    }
    tell(about);
  }

  /// What became of a job. Errors: the worker was stopped, or ended with the job; then somebody else has to do it.
  Result<RemoteOutcome> made(const RemoteJob& remote, const fs::path& folder, FileTransfer& files, JobWorker& worker, const Running& running) {
    const auto began = RemoteClock::now();
    RemoteOutcome out;
    Job job;
    job.id = remote.id;
    job.recipe = remote.recipe;
    job.watched = remote.watched;
    auto last = RemoteClock::time_point{};
    const auto say = [&](const Json& what) {
      const bool progress = what["event"] == "progress";
      if (progress && RemoteClock::now() - last < std::chrono::milliseconds(200)) return;
      if (progress) last = RemoteClock::now();
      tell_server(remote, what);
    };
    auto result = [&]() -> Result<JobResult> {
      PTAH_TRY(job.fields, files.fetched(remote, options_.checkpoints, running.token));
      return worker.run(job, options_.budget_bytes, say, &running.token);
    }();
    if (!result && (!worker.alive() || running.token.cancelled())) return tl::unexpected(result.error());
    if (result) {
      for (size_t i = 0; i < result->outputs.size(); ++i) {
        const fs::path file = passing_file(folder, i);
        const auto brought = files.bring(remote, result->outputs[i], file, running.token);
        std::error_code ignored;
        if (result->outputs[i].bytes > kKeptRoom) fs::remove(file, ignored);
        if (!brought && running.token.cancelled()) return tl::unexpected(brought.error());
        if (!brought && !out.error) out.error = brought.error();
      }
      out.outputs = std::move(result->outputs);
      out.facts = std::move(result->facts);
    } else {
      out.error = result.error();
    }
    out.seconds = std::chrono::duration<double>(RemoteClock::now() - began).count();
    if (out.text().size() > kMaxBrokerText) out.error = Error{ErrorCode::unsupported, "what was made tells more than a worker can send (1 MB)"};
    return out;
  }

  /// Notes once what became of a job, tells its server, and takes it off the queue. A broker that is away is waited for.
  void note(const RemoteJob& job, const RemoteOutcome& outcome, Delivery& delivery) {
    const std::string text = outcome.text();
    for (double pause = 0.1;; pause = std::min(2.0, pause * 2)) {
      const auto noted = broker_.set_once(value("done", job), text);
      if (noted && *noted) tell_server(job, {{"event", "ended"}, {"outcome", text}});
      if (noted) break;
      if (!wait_to_retry(pause, options_.cancel)) return;
    }
    delivery.done();
  }

  void tell_server(const RemoteJob& job, Json what) {
    what["job"] = job.id;
    broker_.say("ptah.events." + job.server, what.dump(-1, ' ', false, Json::error_handler_t::replace));
  }

  Broker& broker_;
  const RemoteWorkerOptions& options_;
  const std::string engine_;
  std::mutex telling_;
  std::mutex mutex_;  ///< of what follows
  std::condition_variable woken_;
  int64_t queued_ = 0;
  std::map<std::string, int64_t> queued_of_;  ///< by class
  std::map<std::string, std::shared_ptr<Running>> running_;
  std::optional<Error> problem_;
};

}  // namespace

Result<void> work_for_broker(Broker& broker, const RemoteWorkerOptions& options) {
  PTAH_CHECK(options.make_worker && options.slots > 0 && !options.classes.empty(), "a worker for nothing");
  return RemoteWork(broker, options).run();
}

}  // namespace ptah
