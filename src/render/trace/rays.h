// What rays meet, by Intel's Embree.
#pragma once

#include <memory>
#include <optional>

#include "render/surface.h"

namespace ptah {

class RayScene {
 public:
  /// Keeps a reference to the surfaces.
  explicit RayScene(const SurfaceScene& surface);
  ~RayScene();
  RayScene(const RayScene&) = delete;
  RayScene& operator=(const RayScene&) = delete;

  struct Hit {
    uint32_t triangle = 0;
    float u = 0, v = 0;  ///< barycentric, of corners 0 and 1
    float distance = 0;
  };
  std::optional<Hit> nearest(const Vec3& from, const Vec3& direction) const;
  /// Whether anything opaque lies nearer than `distance`.
  bool blocked(const Vec3& from, const Vec3& direction, float distance) const;
  /// The nearest triangle that light can go through, nearer than `distance`; none in scenes without any.
  std::optional<Hit> nearest_clear(const Vec3& from, const Vec3& direction, float distance) const;
  /// How much light comes from so far along a direction: none through what is opaque, some through what is not.
  Rgb open(const Vec3& from, const Vec3& direction, float distance) const;

 private:
  struct Embree;
  const SurfaceScene& surface_;
  std::unique_ptr<Embree> embree_;
};

/// The point moved off its surface, so far that a ray from it does not meet the surface again (Wächter and Binder 2019).
Vec3 off_surface(const Vec3& point, const Vec3& normal);

}  // namespace ptah
