// Loops over OpenMP, the only thread pool. Work is cut by output, so results do not depend on the number of threads.
#pragma once

#include <omp.h>

#include <algorithm>
#include <cstdint>
#include <memory>

#include "base/short_loops.h"

namespace ptah {

/// Number of threads that loops and primitives use (default: OMP_NUM_THREADS, else all cores).
int threads();
/// Sets it for the calling thread; 0 restores the default.
void set_threads(int count);

/// While one lives on this thread, loops and kernels are planned, not executed: tensors have shapes but no bytes.
class DryRun {
 public:
  DryRun() { ++depth(); }
  ~DryRun();
  DryRun(const DryRun&) = delete;
  DryRun& operator=(const DryRun&) = delete;
  static bool active() { return depth() > 0; }
  /// Keeps something alive until the outermost dry run of this thread ends, e.g. a planned packed weight.
  static void keep(std::shared_ptr<const void> held);

 private:
  static int& depth();
};

/// Calls body(begin, end) over [0, count) in contiguous ranges, in parallel when count × cost_per_item (in elementary steps)
/// is worth the threads (about 20 µs).
template <class Body>
void parallel_for(int64_t count, int64_t cost_per_item, const Body& body) {
  if (DryRun::active() || count <= 0) return;
  const int64_t worth = count * std::max<int64_t>(cost_per_item, 1);
  const int team = static_cast<int>(std::min<int64_t>({threads(), count, std::max<int64_t>(1, worth / 32768)}));
  if (team <= 1 || omp_in_parallel() || detail::in_shared_range()) {
    body(int64_t{0}, count);
    return;
  }
  if (ShortLoops::active()) {
    detail::share_ranges(
        team, count, [](const void* of, int64_t begin, int64_t end) { (*static_cast<const Body*>(of))(begin, end); }, &body);
    return;
  }
#pragma omp parallel num_threads(team)
  {
    const int64_t size = omp_get_num_threads(), rank = omp_get_thread_num();
    const int64_t begin = count * rank / size, end = count * (rank + 1) / size;
    if (begin < end) body(begin, end);
  }
}

}  // namespace ptah
