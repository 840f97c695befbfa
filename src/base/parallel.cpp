#include "base/parallel.h"

#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <system_error>
#include <thread>
#include <vector>

namespace ptah {

namespace {
#ifdef __GLIBCXX__
/// Makes OpenMP's threads sleep soon after a barrier.
///
/// By default GNU's OpenMP lets a thread that waits at a barrier spin for milliseconds. When another program needs the processor, the spinning thread takes
/// it from the one that is waited for, and a loop takes ten times as long. The environment could say otherwise (GOMP_SPINCOUNT), but is read when the
/// library is loaded, before any code of ours. OpenMP spins only a hundred rounds, though, while it has more threads than there are processors
/// (gomp_throttled_spin_count_var in libgomp's env.c and wait.h). So a second team is kept, asleep for ever.
void stop_long_spinning() {
  for (const char* decided : {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"})
    if (std::getenv(decided)) return;
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    std::thread([] {
      const int team = std::max(2, omp_get_num_procs());
#pragma omp parallel num_threads(team)
      for (;;) pause();
    }).detach();
  } catch (const std::system_error&) {  // it only costs time on a busy computer
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}
#else
void stop_long_spinning() {}
#endif

int default_threads() {
  static const int count = [] {
    const int found = omp_get_max_threads();
    stop_long_spinning();
    return found;
  }();
  return count;
}
}  // namespace

int threads() {
  default_threads();
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
