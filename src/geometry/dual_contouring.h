// Implicit solids as meshes with their edges and corners.
#pragma once

#include <functional>

#include "base/progress.h"
#include "geometry/bvh.h"

namespace ptah {

struct ContourRequest {
  /// Negative inside. Called from several threads at once.
  std::function<float(const Vec3&)> distance;
  /// Of the distance; of any length. Central differences of the distance if there is none.
  std::function<Vec3(const Vec3&)> gradient;
  Box box;
  int cells = 128;      ///< along the longest edge, 8 to 512
  float lipschitz = 1;  ///< |distance(p) − distance(q)| ≤ lipschitz · |p − q|: blocks that the surface cannot reach are not looked at
};

/// The surface distance = 0 by manifold dual contouring (Ju, Losasso, Schaefer and Warren, "Dual Contouring of Hermite Data", 2002; a vertex for each piece of
/// the surface in a cell after Nielson, "Dual Marching Cubes", 2004) on blocks of cells near it. Closed, two-manifold and oriented whatever the values; a
/// solid that reaches the box is cut off there. Sharp edges and corners are kept, vertices lie on the surface. What is thinner than a cell may be missed.
/// The same bytes for any number of threads. No triangles if nothing is inside.
/// Errors: invalid_argument (no distance, an empty or endless box, cells out of range), cancelled.
Result<Mesh> contour(const ContourRequest& request, const CancelToken* cancel = nullptr);

}  // namespace ptah
