// The linear system of a screened Poisson equation on a regular grid.
#pragma once

#include "base/progress.h"
#include "geometry/mesh.h"

namespace ptah {

/// Points in a grid: the cell of each and its place in it, in the order of the cells' planes.
struct GridPoints {
  struct Point {
    std::array<int32_t, 3> cell{};
    Vec3 place{};  ///< within the cell, 0 to 1
    float weight = 0;
  };
  std::vector<Point> points;
  std::vector<size_t> plane;  ///< where the points of each plane of cells along z begin, and the end
};

/// One level of the grid: A·x = scale · (6·x − its six neighbours) + diagonal · x, with zeros outside.
struct GridLevel {
  std::array<int64_t, 3> size{};
  float scale = 1;
  std::vector<float> diagonal;  ///< what the points add, lumped: spread_weights()
  int64_t count() const { return size[0] * size[1] * size[2]; }
  int64_t at(int64_t x, int64_t y, int64_t z) const { return (z * size[1] + y) * size[0] + x; }
};

/// Jᵀ·W·1: what the weights of the points add up to around each grid point.
std::vector<float> spread_weights(const GridLevel& level, const GridPoints& points);

/// Solves (scale · L + Jᵀ·W·J) x = b, where L is the seven-point Laplacian and J reads a value between the eight points of a cell, from x = 0 to a residual of
/// `relative`. Errors: cancelled.
Result<std::vector<float>> solve_screened(const GridLevel& fine, const GridPoints& points, const std::vector<float>& b, double relative,
                                          const CancelToken* cancel);

}  // namespace ptah
