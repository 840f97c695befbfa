// What rays meet, by Intel's Embree.
#pragma once

#include <memory>
#include <optional>

#include "render/surface.h"

struct RTCRay4;
struct RTCRay8;
struct RTCRayHit4;
struct RTCRayHit8;

namespace ptah {

class RayScene {
 public:
  /// Keeps a reference to the surfaces.
  explicit RayScene(const SurfaceScene& surface);
  ~RayScene();
  RayScene(const RayScene&) = delete;
  RayScene& operator=(const RayScene&) = delete;

  /// How much light comes from so far along a direction: none through what is opaque, some through what is not.
  Rgb open(const Vec3& from, const Vec3& direction, float distance) const;
  /// The part of it that what is not opaque lets through.
  Rgb through_clear(const Vec3& from, const Vec3& direction, float distance) const;
  bool any_clear() const;

  /// What the valid rays (−1, else 0) of a packet meet first; `primID` is the triangle. `coherent`: they go nearly the same way.
  void nearest(const int* valid, RTCRayHit4& rays, bool coherent) const;
  void nearest(const int* valid, RTCRayHit8& rays, bool coherent) const;
  /// Sets `tfar` below 0 where anything opaque lies nearer than it.
  void blocked(const int* valid, RTCRay4& rays) const;
  void blocked(const int* valid, RTCRay8& rays) const;

 private:
  struct Hit {
    uint32_t triangle = 0;
    float u = 0, v = 0;  ///< barycentric, of corners 0 and 1
    float distance = 0;
  };
  std::optional<Hit> nearest_clear(const Vec3& from, const Vec3& direction, float distance) const;

  struct Embree;
  const SurfaceScene& surface_;
  std::unique_ptr<Embree> embree_;
};

/// The point moved off its surface, so far that a ray from it does not meet the surface again (Wächter and Binder 2019).
Vec3 off_surface(const Vec3& point, const Vec3& normal);

}  // namespace ptah
