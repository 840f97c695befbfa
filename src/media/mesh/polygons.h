// Faces of many corners, cut into triangles.
#pragma once

#include <span>

#include "geometry/mesh.h"

namespace ptah {

/// Appends the n − 2 triangles of a polygon of n ≥ 3 corners (indices of positions), which keep its direction: convex ones as a fan, quads along the shorter
/// diagonal, others by ear clipping (Meisters 1975) in the plane of their normal; those of more than 512 corners, those that cross themselves,
/// and all that come when `steps` comparisons were made, as a fan.
void cut_polygon(std::span<const Vec3> positions, std::span<const uint32_t> corners, std::vector<Triangle>& triangles, size_t& steps);

}  // namespace ptah
