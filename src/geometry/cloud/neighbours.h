// The nearest points of a cloud.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "geometry/mesh.h"

namespace ptah {

/// Finds neighbours through a grid of cells that hold some points each.
class PointGrid {
 public:
  /// Keeps a view: the points must outlive it.
  explicit PointGrid(std::span<const Vec3> points);
  /// The `count` points nearest to a place, nearest first, fewer if there are fewer; equally near ones by their numbers.
  std::vector<uint32_t> nearest(const Vec3& place, size_t count) const;

 private:
  std::array<int64_t, 3> cell_of(const Vec3& place) const;

  std::span<const Vec3> points_;
  Vec3 low_{};
  float edge_ = 1;
  std::array<int64_t, 3> cells_{1, 1, 1};
  std::vector<uint32_t> begin_, order_;  ///< of each cell its points
};

}  // namespace ptah
