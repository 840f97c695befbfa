// Level sets as meshes.
#pragma once

#include <vector>

#include "geometry/mesh.h"

namespace ptah {

/// Values on a regular grid, x fastest. Positive is inside.
struct Grid {
  int64_t nx = 0, ny = 0, nz = 0;
  float cell = 1;
  Vec3 origin{};
  std::vector<float> values;
  float at(int64_t x, int64_t y, int64_t z) const { return values[static_cast<size_t>((z * ny + y) * nx + x)]; }
  float& at(int64_t x, int64_t y, int64_t z) { return values[static_cast<size_t>((z * ny + y) * nx + x)]; }
};

/// The zero level by marching tetrahedra on Kuhn's six tetrahedra a cell (Doi and Koide 1991): closed, two-manifold and consistently
/// oriented whatever the values, provided the border of the grid is outside. Bodies have as many handles as the level set of the
/// piecewise linear interpolant.
Mesh isosurface(const Grid& grid);

}  // namespace ptah
