// Two solids joined smoothly: the groove between them filled as far as a ball that rolls along it does not reach.
#pragma once

#include "geometry/field/field.h"

namespace ptah {

/// The union of two solids with a fillet along its seam. Both fields are distances, exact outside. A ball rolls outside along both surfaces; what it cannot
/// reach is filled, so the fillet is tangent to both, and where they lie in one plane or meet at an outward edge nothing changes. The ball has `radius` where
/// the groove is 90° wide or wider, and down to half of it the narrower it is: the fillet touches neither surface farther than `radius` from the other.
/// The value is the ball's radius less the way to its nearest place, at most the lower of both fields; the gradient points to the ball's middle.
/// (The ball's place by sequential linear programming: each step takes both surfaces as planes as they are seen from the last place.)
FieldSample blended(const Vec3& point, const Field& a, const Field& b, float radius);

/// The fillet of that union as a solid: what is filled, and enough of both solids about it that it joins them. Its surface lies in the void on the fillet, less
/// a thousandth of the radius, so that it meets both surfaces at an angle, and else within the solids. Cells of `step` metres.
/// No triangles where the solids are farther apart than the radius. A long seam has several shells that overlap. Errors: over_budget if the seam is thousands
/// of steps long, cancelled.
Result<Mesh> fillet_mesh(const Field& a, const Box& box_a, const Field& b, const Box& box_b, float radius, float step, const CancelToken* cancel = nullptr);

}  // namespace ptah
