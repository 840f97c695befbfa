// In which order a training sees its rows, and which it never sees. All of it depends on the seed, the stream and the counts only, so a run that was cut goes
// on with the same.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/philox.h"

namespace ptah {

/// A share of the rows at random, taken out of `rows`, both in their order.
template <class Row>
std::vector<Row> take_held_out(std::vector<Row>& rows, double share, uint64_t seed, uint64_t stream) {
  std::vector<Row> kept, held_out;
  Random random(seed, stream);
  for (Row& row : rows) (static_cast<double>(random.uniform()) < share ? held_out : kept).push_back(std::move(row));
  rows = std::move(kept);
  return held_out;
}

/// One row after the other, every epoch in another order (Fisher and Yates 1938).
class EpochOrder {
 public:
  /// Epoch e has the stream `stream` + e.
  EpochOrder(uint64_t seed, uint64_t stream) : seed_(seed), stream_(stream) {}
  /// The row at a place of the run, of `count`.
  size_t row(int64_t place, size_t count);

 private:
  uint64_t seed_, stream_;
  int64_t epoch_ = -1;
  std::vector<size_t> order_;
};

/// Batches of rows of about one length, every epoch others and in another order; what is left over at an epoch's end is not seen in it.
class SortedBatches {
 public:
  /// `sorted_together`: so many batches are sorted among themselves by `shorter`. Epoch e has the stream `stream` + e.
  SortedBatches(int64_t batch, int64_t sorted_together, uint64_t seed, uint64_t stream, std::function<bool(size_t, size_t)> shorter)
      : batch_(batch), sorted_together_(sorted_together), seed_(seed), stream_(stream), shorter_(std::move(shorter)) {}
  /// The rows of a step, of `count`, which is at least a batch.
  const std::vector<size_t>& at(int64_t step, size_t count);

 private:
  int64_t batch_, sorted_together_;
  uint64_t seed_, stream_;
  std::function<bool(size_t, size_t)> shorter_;
  int64_t epoch_ = -1;
  std::vector<std::vector<size_t>> batches_;
};

}  // namespace ptah
