// A solid between two height fields: a front and a back, joined along the outline.
#pragma once

#include <functional>

#include "geometry/simplify.h"
#include "pixels/object_mask.h"

namespace ptah {

/// Heights of front and back, in pixels of the mask, towards the viewer.
struct TwoHeights {
  float front = 0, back = 0;
};
/// At a place of the mask's grid that is covered, x and y in pixels, y downwards; with `outline` those of the outline near that place.
using HeightsAt = std::function<TwoHeights(float x, float y, bool outline)>;

/// The solid over the part of a mask that is covered by more than a half: the mask's pixels are its vertices, cut along the outline (marching triangles), once
/// with the heights of the front and once with those of the back, and walls along the outline. Closed, two-manifold and oriented whatever the heights, as the
/// back is kept at least `thinnest` pixels behind the front. x and y in pixels of the mask with y up, z towards the viewer. Labels: 0 for the front and the
/// walls, 1 for the back. Empty for an empty mask.
LabelledMesh solid_between(const Mask& mask, const HeightsAt& heights, float thinnest);

}  // namespace ptah
