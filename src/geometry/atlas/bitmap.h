// Bits in rows, and where a shape of bits finds room among them.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

namespace ptah::atlas {

/// A shape as runs of cells: row y has the runs begin[y] to begin[y + 1].
struct Runs {
  int64_t width = 0, height = 0;
  std::vector<uint32_t> begin;
  std::vector<std::pair<int32_t, int32_t>> runs;  ///< first and last cell
};

/// A square of cells, for each row also: whether any of the 2^k cells from here on is taken. So a run of any length is looked up for all columns at once, as
/// two of those.
class Occupancy {
 public:
  explicit Occupancy(int64_t edge);

  /// The lowest row below `top` − height at which the shape has room, and the first column there; false if there is none. `order` are the shape's rows, those
  /// to be tried first in front.
  bool find(const Runs& shape, const std::vector<int32_t>& order, int64_t top, int64_t& x, int64_t& y) const;
  /// Takes the shape's cells and all that are nearer than `margin` to them.
  void take(const Runs& shape, int64_t x, int64_t y, int64_t margin);

 private:
  uint64_t* row(int64_t y, int64_t level) { return bits_.data() + (y * levels_ + level) * words_; }
  const uint64_t* row(int64_t y, int64_t level) const { return bits_.data() + (y * levels_ + level) * words_; }

  int64_t edge_, words_, levels_;
  std::vector<uint64_t> bits_;
};

}  // namespace ptah::atlas
