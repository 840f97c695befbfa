// Loops while other programs need the processor, and loops of some microseconds each.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

#include "base/parallel.h"

namespace ptah {
namespace {

/// Programs that never stop computing, one for each processor.
class Competitors {
 public:
  Competitors() {
    for (unsigned i = 0; i < std::max(1U, std::thread::hardware_concurrency()); ++i) {
      const pid_t child = fork();
      if (child == 0) {
        alarm(60);
        for (std::atomic<unsigned> spin{0};;) spin.fetch_add(1, std::memory_order_relaxed);
      }
      children_.push_back(child);
    }
  }
  ~Competitors() {
    for (const pid_t child : children_) kill(child, SIGKILL), waitpid(child, nullptr, 0);
  }

 private:
  std::vector<pid_t> children_;
};

double grind(int64_t rounds) {
  double x = 1;
  for (int64_t i = 0; i < rounds; ++i) x = x * 1.0000001 + 1e-9;
  return x;
}

double seconds_of_loops(int team, bool brief) {
  set_threads(team);
  std::vector<double> out(2);
  const auto begin = std::chrono::steady_clock::now();
  std::optional<ShortLoops> scope;
  if (brief) scope.emplace();
  for (int i = 0; i < 300; ++i)
    parallel_for(2, 1 << 20, [&](int64_t from, int64_t to) {
      for (int64_t at = from; at < to; ++at) out[static_cast<size_t>(at)] = grind(40'000);
    });
  set_threads(0);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

TEST(Busy, TwoThreadsAreNotMuchSlowerThanOneWhileOtherProgramsCompute) {
  for (const bool brief : {false, true}) {
    seconds_of_loops(2, brief);
    const Competitors others;
    const double one = seconds_of_loops(1, brief), two = seconds_of_loops(2, brief);
    EXPECT_LT(two, 4 * one) << (brief ? "short loops" : "OpenMP's loops") << ": " << two << " s on two threads, " << one << " s on one";
  }
}

TEST(ShortLoops, VisitEachItemOnceOnAnyNumberOfThreads) {
  const ShortLoops scope;
  for (const int team : {1, 2, 3, 8}) {
    set_threads(team);
    for (const int64_t count : {1, 2, 7, 1000}) {
      std::vector<std::atomic<int>> visits(static_cast<size_t>(count));
      for (int round = 0; round < 200; ++round)
        parallel_for(count, 1 << 16, [&](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; ++i) ++visits[static_cast<size_t>(i)];
        });
      for (const auto& seen : visits) ASSERT_EQ(seen, 200) << count << " items, " << team << " threads";
    }
  }
  set_threads(0);
}

TEST(ShortLoops, AreSharedByHelpersWhileTheCallingThreadIsAtWork) {
  const ShortLoops scope;
  set_threads(2);
  std::atomic<int> present{0};
  bool met = false;
  for (int round = 0; round < 100 && !met; ++round) {
    present = 0;
    parallel_for(2, 1 << 20, [&](int64_t, int64_t) {
      ++present;
      const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(200);
      while (present < 2 && std::chrono::steady_clock::now() < end) std::this_thread::yield();
      if (present == 2) met = true;
    });
  }
  set_threads(0);
  EXPECT_TRUE(met) << "two ranges never ran at the same time";
}

TEST(ShortLoops, ThrowWhatARangeThrowsAndWorkOn) {
  const ShortLoops scope;
  set_threads(2);
  for (int round = 0; round < 100; ++round)
    EXPECT_THROW(parallel_for(4, 1 << 20,
                              [&](int64_t, int64_t end) {
                                if (end > 2) throw std::runtime_error("broken");
                              }),
                 std::runtime_error);
  std::atomic<int64_t> sum{0};
  parallel_for(4, 1 << 20, [&](int64_t begin, int64_t end) { sum += end - begin; });
  set_threads(0);
  EXPECT_EQ(sum, 4);
}

TEST(ShortLoops, NestAndServeManyCallingThreadsAtOnce) {
  std::atomic<int64_t> sum{0};
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 20; ++caller)
    callers.emplace_back([&] {
      const ShortLoops scope;
      set_threads(3);
      for (int round = 0; round < 100; ++round)
        parallel_for(6, 1 << 20, [&](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; ++i) parallel_for(5, 1 << 20, [&](int64_t from, int64_t to) { sum += to - from; });
        });
    });
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(sum, 20 * 100 * 6 * 5);
}

}  // namespace
}  // namespace ptah
