#include "base/short_loops.h"

#include <linux/futex.h>
#include <omp.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>

#include "base/process.h"

namespace ptah {

namespace {

int64_t now_ns() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * int64_t{1000000000} + t.tv_nsec;
}

void pause_briefly() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("isb");
#endif
}

void futex_wait(std::atomic<uint32_t>& word, uint32_t seen) {
  syscall(SYS_futex, reinterpret_cast<uint32_t*>(&word), FUTEX_WAIT_PRIVATE, seen, nullptr, nullptr, 0);
}
void futex_wake(std::atomic<uint32_t>& word, int threads) {
  syscall(SYS_futex, reinterpret_cast<uint32_t*>(&word), FUTEX_WAKE_PRIVATE, threads, nullptr, nullptr, 0);
}

/// A loop whose ranges are being handed out.
struct alignas(64) Job {
  std::atomic<bool> taken{false};    ///< by a calling thread
  std::atomic<bool> open{false};     ///< ranges may be left
  std::atomic<uint32_t> inside{0};   ///< helpers that may touch the fields below
  std::atomic<bool> awaited{false};  ///< the calling thread sleeps until they are out
  uint32_t helpers = 0;              ///< at most so many
  std::atomic<int64_t> next{0};
  int64_t parts = 0, count = 0;
  detail::RangeCall call = nullptr;
  const void* body = nullptr;
  std::atomic<bool> failed{false};
  std::exception_ptr problem;
};

thread_local bool inside_range = false;
thread_local int scopes = 0;

void work(Job& job) {
  inside_range = true;
  for (int64_t part; (part = job.next.fetch_add(1, std::memory_order_relaxed)) < job.parts;) {
    const int64_t begin = job.count * part / job.parts, end = job.count * (part + 1) / job.parts;
    if (begin >= end) continue;
    try {
      job.call(job.body, begin, end);
    } catch (...) {
      if (!job.failed.exchange(true)) job.problem = std::current_exception();
    }
  }
  inside_range = false;
}

/// What the scheduler did to a thread lately: whether other programs took its processor.
class Preemptions {
 public:
  /// Whether this thread waited for a processor for kSign of the last kWindow.
  bool frequent(int64_t now) {
    if (now < looked_ + kPeriod) return false;
    const int64_t waited = waited_for_processor().value_or(0);
    if (now > begun_ + kWindow) begun_ = now, seen_ = 0;
    if (looked_) seen_ += waited - before_;
    before_ = waited, looked_ = now;
    if (seen_ < kSign) return false;
    begun_ = now, seen_ = 0;
    return true;
  }

 private:
  static constexpr int64_t kPeriod = 4'000'000, kWindow = 20'000'000, kSign = 5'000'000;
  int64_t looked_ = 0, begun_ = 0, before_ = 0, seen_ = 0;
};

/// How much of the time a thread that never sleeps had a processor.
class Share {
 public:
  /// Whether it was less than two thirds of the last kWindow.
  bool small(int64_t now) {
    if (now < begun_ + kWindow) return false;
    timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    const int64_t ran = t.tv_sec * int64_t{1000000000} + t.tv_nsec;
    const bool is = begun_ > 0 && now < begun_ + 2 * kWindow && 3 * (ran - ran_) < 2 * (now - begun_);
    begun_ = now, ran_ = ran;
    return is;
  }

 private:
  static constexpr int64_t kWindow = 20'000'000;
  int64_t begun_ = 0, ran_ = 0;
};

/// How long to keep to a way of working after a sign that it is needed; longer if the sign comes back as soon as the time is over.
class Until {
 public:
  bool now(int64_t time) const { return time < end_.load(std::memory_order_relaxed); }
  void sign(int64_t time) {
    const int64_t end = end_.load(std::memory_order_relaxed), before = length_.load(std::memory_order_relaxed);
    const int64_t length = time < end ? before : time < end + kShort ? std::min(2 * before, kLong) : kShort;
    length_.store(length, std::memory_order_relaxed);
    end_.store(time + length, std::memory_order_relaxed);
  }

 private:
  static constexpr int64_t kShort = 50'000'000, kLong = 1'600'000'000;
  std::atomic<int64_t> end_{0}, length_{kShort};
};

/// The threads and the loops they work on.
///
/// On a quiet computer helpers spin between loops. A helper that loses its processor in the middle of a range holds the loop up for a whole time slice of
/// the scheduler, so once preemptions are seen (`shared_`) helpers work for less than a slice, then sleep between two ranges and let the other program
/// run. If the calling thread itself is preempted while they do so (`crowded_`), there is no processor to be had for helpers, and they stay asleep.
class Team {
 public:
  static Team& get() {
    static auto* team = new Team;  // its threads may outlive main
    return *team;
  }

  void run(int size, int64_t count, detail::RangeCall call, const void* body) {
    const int64_t time = now_ns();
    thread_local Preemptions preemptions;
    thread_local Share share;
    if (preemptions.frequent(time)) shared_.sign(time);
    if (share.small(time) && shared_.now(time)) crowded_.sign(time);
    Job* job = crowded_.now(time) ? nullptr : free_job();
    if (!job) return call(body, 0, count);
    job->helpers = static_cast<uint32_t>(size - 1);
    // Fewer and longer ranges are quicker; of more of them, none waits long for a thread that lost its processor.
    job->parts = std::min<int64_t>(count, int64_t{size} * (shared_.now(time) ? kPartsEach : 1));
    job->count = count, job->call = call, job->body = body;
    job->next.store(0, std::memory_order_relaxed);
    job->failed.store(false, std::memory_order_relaxed);
    job->open.store(true);
    announce(size - 1);
    work(*job);
    job->open.store(false);
    wait_for_helpers(*job);
    const std::exception_ptr problem = job->failed.load() ? job->problem : nullptr;
    job->problem = nullptr;
    job->taken.store(false, std::memory_order_release);
    if (problem) std::rethrow_exception(problem);
  }

 private:
  static constexpr int kMaxWorkers = 256, kPartsEach = 2, kSpins = 2000;
  static constexpr int64_t kSpin = 1'000'000, kWork = 700'000, kRest = 1'000'000;  // nanoseconds

  Job* free_job() {
    for (Job& one : jobs_)
      if (!one.taken.load(std::memory_order_relaxed) && !one.taken.exchange(true)) return &one;
    return nullptr;
  }

  void announce(int helpers) {
    if (workers_.load(std::memory_order_relaxed) < helpers) grow(std::min(helpers, kMaxWorkers));
    signal_.fetch_add(1);
    if (sleepers_.load() > 0) futex_wake(signal_, helpers);
  }

  void grow(int helpers) {
    const std::lock_guard lock(growing_);
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);  // signals are for the program's own threads
    try {
      for (; workers_.load() < helpers; workers_.fetch_add(1)) std::thread([this] { serve(); }).detach();
    } catch (const std::system_error&) {  // no more threads to be had: those that are there do it all
      workers_.store(kMaxWorkers);
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  static void wait_for_helpers(Job& job) {
    for (int spins = 0; spins < kSpins; ++spins) {
      if (job.inside.load(std::memory_order_acquire) == 0) return;
      pause_briefly();
    }
    job.awaited.store(true);
    while (const uint32_t inside = job.inside.load()) futex_wait(job.inside, inside);
    job.awaited.store(false);
  }

  /// Works on whatever is open; false if nothing was left to do.
  bool help() {
    bool did = false;
    for (Job& job : jobs_) {
      if (!job.open.load(std::memory_order_acquire)) continue;
      if (job.inside.fetch_add(1) < job.helpers && job.open.load() && job.next.load(std::memory_order_relaxed) < job.parts) {
        work(job);
        did = true;
      }
      job.inside.fetch_sub(1);
      if (job.awaited.load()) futex_wake(job.inside, 1);
    }
    return did;
  }

  void serve() {
    omp_set_num_threads(1);  // whatever a range calls stays on this thread
    Preemptions preemptions;
    int64_t woke = now_ns(), worked = woke;
    for (;;) {
      const uint32_t seen = signal_.load();
      const bool did = help();
      const int64_t time = now_ns();
      if (did) worked = time;
      if (preemptions.frequent(time)) shared_.sign(time);
      if (shared_.now(time) && time > woke + kWork) {
        const timespec rest{0, kRest};
        nanosleep(&rest, nullptr);
        woke = now_ns();
      } else if (!did && (time > worked + kSpin || crowded_.now(time))) {
        sleepers_.fetch_add(1);
        if (signal_.load() == seen) futex_wait(signal_, seen);
        sleepers_.fetch_sub(1);
        woke = worked = now_ns();
      } else if (!did) {
        for (int i = 0; i < 32; ++i) pause_briefly();
      }
    }
  }

  std::array<Job, 16> jobs_;
  std::atomic<uint32_t> signal_{0};
  std::atomic<int> sleepers_{0}, workers_{0};
  std::mutex growing_;
  Until shared_, crowded_;
};

}  // namespace

ShortLoops::ShortLoops() { ++scopes; }
ShortLoops::~ShortLoops() { --scopes; }
bool ShortLoops::active() { return scopes > 0; }

namespace detail {

void share_ranges(int team, int64_t count, RangeCall call, const void* body) { Team::get().run(team, count, call, body); }
bool in_shared_range() { return inside_range; }

}  // namespace detail
}  // namespace ptah
