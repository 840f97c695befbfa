#include <cmath>

#include "geometry/boolean/arrangement.h"

namespace ptah::detail {

namespace {

constexpr double kCellsPerStep = 256;
constexpr double kReach = 4 * kPointSlack;  // equal points lie within it of each other

uint64_t cell_hash(int64_t x, int64_t y, int64_t z) {
  uint64_t h = static_cast<uint64_t>(x) * 0x9E3779B97F4A7C15U;
  h = (h ^ (h >> 29) ^ static_cast<uint64_t>(y)) * 0xBF58476D1CE4E5B9U;
  h = (h ^ (h >> 32) ^ static_cast<uint64_t>(z)) * 0x94D049BB133111EBU;
  return h ^ (h >> 31);
}

/// Points of the grid lie in the middle of a cell.
int64_t cell(double at) { return static_cast<int64_t>(std::floor(at * kCellsPerStep + 0.5)); }

}  // namespace

PointTable::PointTable(std::span<const GridPoint> grid) {
  points_.reserve(grid.size() * 2);
  next_.reserve(grid.size() * 2);
  first_.assign(64, ~uint32_t{0});
  for (const GridPoint& p : grid) points_.push_back(grid_point(p));
  grow();
}

void PointTable::link(uint32_t index) {
  const Point& p = points_[index];
  uint32_t& head = first_[cell_hash(cell(p.at[0]), cell(p.at[1]), cell(p.at[2])) & (first_.size() - 1)];
  next_[index] = head;
  head = index;
}

void PointTable::grow() {
  size_t size = first_.size();
  while (size < 2 * points_.size()) size *= 2;
  first_.assign(size, ~uint32_t{0});
  next_.resize(points_.size());
  for (uint32_t i = 0; i < points_.size(); ++i) link(i);
}

uint32_t PointTable::find_or_add(const Point& p) {
  std::array<int64_t, 3> low, high;
  for (size_t i = 0; i < 3; ++i) {
    low[i] = cell(p.at[i] - kReach);
    high[i] = cell(p.at[i] + kReach);
  }
  for (int64_t x = low[0]; x <= high[0]; ++x)
    for (int64_t y = low[1]; y <= high[1]; ++y)
      for (int64_t z = low[2]; z <= high[2]; ++z)
        for (uint32_t i = first_[cell_hash(x, y, z) & (first_.size() - 1)]; i != ~uint32_t{0}; i = next_[i])
          if (same(points_[i], p)) return i;
  const auto index = static_cast<uint32_t>(points_.size());
  points_.push_back(p);
  if (2 * points_.size() > first_.size()) {
    grow();
  } else {
    next_.push_back(0);
    link(index);
  }
  return index;
}

}  // namespace ptah::detail
