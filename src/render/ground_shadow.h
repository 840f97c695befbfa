// The shadow of a scene on the ground below it, computed once for every view.
#pragma once

#include "render/environment.h"
#include "render/trace/rays.h"

namespace ptah {

class GroundShadow {
 public:
  /// Rays from a grid on the ground to the surroundings, smoothed.
  GroundShadow(const SurfaceScene& surface, const RayScene& rays, const Environment& environment);
  /// How much of the light that would fall on a place on the ground reaches it, 0 to 1; 1 outside the grid.
  float reaching(float x, float z) const;

 private:
  static constexpr int64_t kSize = 144;
  float middle_x_ = 0, middle_z_ = 0, texel_ = 1;
  std::vector<float> reached_;
};

}  // namespace ptah
