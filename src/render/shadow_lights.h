// The light of the surroundings as some dozens of lights far away, each with a map of what it reaches: soft shadows and ambient occlusion in one.
#pragma once

#include "render/environment.h"
#include "render/surface.h"

namespace ptah {

class ShadowLights {
 public:
  ShadowLights(const SurfaceScene& scene, const Environment& environment);
  /// How much of the light that would fall on a surface reaches it, 0 to 1. `noise` in [0, 1) moves the looks into the maps, of each light in another way: so
  /// that all lights together are nearly the same from pixel to pixel.
  float reaching(const Vec3& at, const Vec3& normal, float noise) const;

 private:
  static constexpr size_t kLights = 48;
  static constexpr int64_t kSize = 192;
  struct Light {
    Vec3 towards, right, up;
    float weight = 1, right_offset = 0, up_offset = 0, depth_offset = 0;
    float move_right = 0, move_up = 0;  ///< added to the noise, modulo 1
    std::vector<float> depth;           ///< of the nearest surface, from the light
  };
  void draw(Light& light, const SurfaceScene& scene) const;

  std::vector<Light> lights_;
  float radius_ = 1;
};

}  // namespace ptah
