#include "train/loop/epochs.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace ptah {

namespace {

template <class T>
void shuffle(std::vector<T>& rows, Random& random) {
  for (size_t n = rows.size(); n > 1; --n) std::swap(rows[n - 1], rows[random.below(static_cast<uint32_t>(n))]);
}

std::vector<size_t> shuffled_rows(size_t count, Random& random) {
  std::vector<size_t> rows(count);
  std::iota(rows.begin(), rows.end(), size_t{0});
  shuffle(rows, random);
  return rows;
}

}  // namespace

size_t EpochOrder::row(int64_t place, size_t count) {
  const int64_t rows = static_cast<int64_t>(count), epoch = place / rows;
  if (epoch != epoch_) {
    Random random(seed_, stream_ + static_cast<uint64_t>(epoch));
    order_ = shuffled_rows(count, random);
    epoch_ = epoch;
  }
  return order_[static_cast<size_t>(place % rows)];
}

const std::vector<size_t>& SortedBatches::at(int64_t step, size_t count) {
  const int64_t an_epoch = static_cast<int64_t>(count) / batch_, epoch = step / an_epoch;
  if (epoch != epoch_) {
    Random random(seed_, stream_ + static_cast<uint64_t>(epoch));
    std::vector<size_t> order = shuffled_rows(count, random);
    const auto size = static_cast<size_t>(batch_), together = size * static_cast<size_t>(sorted_together_);
    const auto place = [&](size_t at) { return order.begin() + static_cast<std::ptrdiff_t>(std::min(order.size(), at)); };
    for (size_t at = 0; at < order.size(); at += together) std::stable_sort(place(at), place(at + together), shorter_);
    batches_.clear();
    for (size_t at = 0; at + size <= order.size(); at += size) batches_.emplace_back(place(at), place(at + size));
    shuffle(batches_, random);
    epoch_ = epoch;
  }
  return batches_[static_cast<size_t>(step % an_epoch)];
}

}  // namespace ptah
