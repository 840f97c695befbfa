#include "base/parallel.h"

#include <signal.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <future>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "base/process.h"

namespace ptah {

namespace {

/// How long OpenMP's threads spin at a barrier.
///
/// GNU's OpenMP lets a thread that waits spin for milliseconds. That is quickest as long as each thread has a processor. When another program needs one, the
/// spinning thread takes it from the one that is waited for, and a loop takes ten times as long. GOMP_SPINCOUNT could say otherwise, but is read when the
/// library is loaded. OpenMP spins only a hundred rounds, though, while it has more threads than there are processors (gomp_throttled_spin_count_var in
/// libgomp's env.c and wait.h). So a second team is kept, asleep, while the calling threads are seen to wait for a processor.
class Spinning {
 public:
  static Spinning& get() {
    static auto* spinning = new Spinning;  // its threads may outlive main
    return *spinning;
  }

  /// To be called often; looks every kPeriod.
  void adjust() {
    if (decided_) return;
    const int64_t now = std::chrono::steady_clock::now().time_since_epoch().count();
    if (now < due_.load(std::memory_order_relaxed)) return;
    const std::unique_lock lock(looking_, std::try_to_lock);
    if (!lock || now < due_.load(std::memory_order_relaxed)) return;
    due_.store(now + kPeriod, std::memory_order_relaxed);
    thread_local int64_t looked = 0, before = 0;
    const auto waited = waited_for_processor();
    if (!waited || (looked > 0 && (*waited - before) * kShare > now - looked)) busy_until_ = now + kKept;
    looked = now, before = waited.value_or(0);
    if (now < busy_until_)
      brief();
    else
      usual();
  }

 private:
  static constexpr int64_t kPeriod = 5'000'000, kKept = 1'000'000'000;  // nanoseconds
  static constexpr int64_t kShare = 8;                                  ///< waiting for an eighth of the time is a sign

  Spinning() : decided_(std::getenv("OMP_WAIT_POLICY") || std::getenv("GOMP_SPINCOUNT")) {}

  void brief() {
    if (over_) return;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);  // signals are for the program's own threads
    auto over = std::make_shared<std::promise<void>>();
    try {
      std::thread([told = over->get_future().share()] {
        const int team = std::max(2, omp_get_num_procs());
#pragma omp parallel num_threads(team)
        told.wait();
      }).detach();
      over_ = std::move(over);
    } catch (const std::system_error&) {  // it only costs time on a busy computer
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  void usual() {
    if (!over_) return;
    over_->set_value();
    over_ = nullptr;
  }

  const bool decided_;
  std::mutex looking_;
  std::atomic<int64_t> due_{0};
  int64_t busy_until_ = 0;
  std::shared_ptr<std::promise<void>> over_;  ///< ends the second team, while there is one
};

int default_threads() {
  static const int count = omp_get_max_threads();
  return count;
}
}  // namespace

int threads() {
  default_threads();
  Spinning::get().adjust();
  return omp_get_max_threads();
}

void set_threads(int count) { omp_set_num_threads(count > 0 ? count : default_threads()); }

namespace {
std::vector<std::shared_ptr<const void>>& kept() {
  thread_local std::vector<std::shared_ptr<const void>> held;
  return held;
}
}  // namespace

DryRun::~DryRun() {
  if (depth() == 1) kept().clear();
  --depth();
}

void DryRun::keep(std::shared_ptr<const void> held) { kept().push_back(std::move(held)); }

int& DryRun::depth() {
  thread_local int value = 0;
  return value;
}

}  // namespace ptah
