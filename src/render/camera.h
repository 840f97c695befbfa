// From points to pixels.
#pragma once

#include "render/scene.h"

namespace ptah {

/// Where a scene is seen from: degrees about the vertical axis from the front to the right, and downwards; the vertical field of view.
struct Direction {
  float turn = 30, tilt = 20, field = 30;
};

struct Camera {
  Vec3 eye, right, up, forward;
  float scale = 1;  ///< pixels for a slope of 1
  float centre_x = 0, centre_y = 0;
  bool perspective = true;
  /// Pixel x, y and the distance along the axis.
  Vec3 project(const Vec3& p) const {
    const Vec3 d = p - eye;
    const float depth = dot(d, forward), by = perspective ? scale / depth : scale;
    return {centre_x + dot(d, right) * by, centre_y - dot(d, up) * by, depth};
  }
  /// The direction that a place in the picture is seen in (perspective), of length 1.
  Vec3 ray(float x, float y) const { return normalized(forward + right * ((x - centre_x) / scale) + up * ((centre_y - y) / scale)); }

  /// Looks at the middle of a scene from as near as all of it is seen, with a margin of 6 %.
  static Camera looking_at(const RenderScene& scene, const Direction& from, int64_t width, int64_t height);
  /// The same for several directions that shall have the same distance.
  static std::vector<Camera> round(const RenderScene& scene, const std::vector<Direction>& from, int64_t width, int64_t height);
  /// Without perspective, against a direction of light, over all of a ball.
  static Camera of_light(const Vec3& towards_light, const Vec3& middle, float radius, int64_t size);
};

}  // namespace ptah
