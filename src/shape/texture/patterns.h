// The patterns of solid textures, one function each.
#pragma once

#include "shape/texture/solid.h"

namespace ptah::texture {

/// Where a pattern is looked at, in metres of the pattern.
struct Spot {
  Vec3 p, normal;
  float footprint = 0;
};

using Pattern = void (*)(const Spot& spot, SurfaceSample& sample);
/// Changes a sample that has the material's plain values. Null for SolidTexture::none.
Pattern pattern_of(SolidTexture texture);

/// How much of a layer lies at a spot, 0 to 1.
float cover(SolidTexture texture, const Spot& spot, float amount);

// Parts of the table that lie in files of their own.
Pattern mineral_pattern(SolidTexture texture);
Pattern grown_pattern(SolidTexture texture);
Pattern made_pattern(SolidTexture texture);

// What they share.
std::array<float, 3> mix(const std::array<float, 3>& a, const std::array<float, 3>& b, float t);
std::array<float, 3> lit(const std::array<float, 3>& colour, float factor);
/// 0 below `low`, 1 above `high`, smooth between.
float ramp(float low, float high, float v);
/// 1 where a feature of this size is seen, 0 where it is finer than the footprint.
float seen(float size, float footprint);
/// Distance to the next joint of bricks of this size in running bond; joints along the surface do not count. `id` is the brick's number, 0 to 1.
float bricks(const Spot& spot, const Vec3& size, float& id);

}  // namespace ptah::texture
