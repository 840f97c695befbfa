// The convex hull of points.
#pragma once

#include <span>

#include "base/progress.h"
#include "geometry/mesh.h"

namespace ptah {

/// The smallest convex solid around points, by Quickhull (Barber, Dobkin and Huhdanpaa 1996): closed, two-manifold, oriented. Its vertices are among the
/// points, to the bit. Whether a point lies outside a face is decided exactly, on a grid of 2^29 to 2^30 steps over the longest edge of the points' box, each a
/// power of two, so that most floats lie on it; no face is merged or moved; flat faces are cut into triangles. Points that are no corners are no vertices.
/// Errors: invalid_argument (points that are not finite; all points in one plane), over_budget (after 4·10^9 decisions), cancelled.
Result<Mesh> convex_hull(std::span<const Vec3> points, const CancelToken* cancel = nullptr);

}  // namespace ptah
