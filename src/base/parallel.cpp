#include "base/parallel.h"

#include <vector>

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
