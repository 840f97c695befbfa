#include "base/parallel.h"

namespace ptah {

namespace {
int default_threads() {
  static const int count = omp_get_max_threads();
  return count;
}
}  // namespace

int threads() {
  default_threads();
  return omp_get_max_threads();
}

void set_threads(int count) { omp_set_num_threads(count > 0 ? count : default_threads()); }

int& DryRun::depth() {
  thread_local int value = 0;
  return value;
}

}  // namespace ptah
