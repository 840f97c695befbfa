// Quads from triangles.
#pragma once

#include <span>

#include "geometry/mesh.h"

namespace ptah {

/// Faces of three or four corners, counter-clockwise from outside; a triangle repeats its third corner.
using Faces = std::vector<std::array<uint32_t, 4>>;

/// Triangles that share an edge by its two vertices joined to quads, each at most once: the pairs with the corners nearest to right angles first. Only convex
/// quads (corners of 15 to 165 degrees) whose halves lean at most `bend` degrees to each other. The surface stays what it was: quads were cut from
/// their first to their third corner.
Faces paired(std::span<const Vec3> positions, std::span<const Triangle> triangles, float bend = 10);

}  // namespace ptah
