// Solids as functions of space: negative inside, zero on the surface, positive outside, with their gradients.
#pragma once

#include <functional>

#include "geometry/dual_contouring.h"

namespace ptah {

/// A field at one point.
struct FieldSample {
  float value = 0;  ///< metres where the field is a distance
  Vec3 gradient{};
};
/// Called from several threads at once.
using Field = std::function<FieldSample(const Vec3&)>;

/// A ball of a sum of balls.
struct Metaball {
  Vec3 centre{};
  float radius = 0;  ///< of the ball when it stands alone
};
/// Balls that melt together (Wyvill, McPheeters and Wyvill, "Data structure for soft objects", 1986): one half less the sum of (1 − d² / R²)³ over the balls
/// nearer than R, where R is 2.2 radii, so that a ball by itself has its radius. Precondition: radii above 0.
Field metaball_field(std::vector<Metaball> balls);

/// The surface value = 0 of a field that need not be a distance, within a box, at which it is cut off. Its vertices lie on the surface to the first order of
/// the field. Closed, two-manifold and oriented; no triangles if nothing is inside. What is thinner than a cell may be missed.
/// `cells` along the longest edge. Errors: as contour().
Result<Mesh> field_mesh(const Field& field, const Box& box, int cells, const CancelToken* cancel = nullptr);

}  // namespace ptah
