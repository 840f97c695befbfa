#include "render/trace/rays.h"

#include <embree3/rtcore.h>

#include <cstring>
#include <numeric>

namespace ptah {

namespace {

RTCRay ray_of(const Vec3& from, const Vec3& direction, float distance) {
  RTCRay ray{};
  ray.org_x = from[0], ray.org_y = from[1], ray.org_z = from[2];
  ray.dir_x = direction[0], ray.dir_y = direction[1], ray.dir_z = direction[2];
  ray.tfar = distance;
  ray.mask = ~0U;
  return ray;
}

RTCIntersectContext context_of(bool coherent) {
  RTCIntersectContext context;
  rtcInitIntersectContext(&context);
  if (coherent) context.flags = RTC_INTERSECT_CONTEXT_FLAG_COHERENT;
  return context;
}

}  // namespace

struct RayScene::Embree {
  // One thread builds, and the instruction set is one that every x86 of the last ten years has, so that trees and hits are the same everywhere.
  RTCDevice device = rtcNewDevice("threads=1,max_isa=avx2");
  RTCScene all = nullptr, opaque = nullptr, clear = nullptr;
  std::vector<uint32_t> clear_triangles;  // of the tree `clear`; in `all`, numbers of triangles are the scene's own

  ~Embree() {
    for (RTCScene scene : {all, opaque, clear})
      if (scene) rtcReleaseScene(scene);
    rtcReleaseDevice(device);
  }
  RTCScene build(const SurfaceScene& surface, const std::vector<uint32_t>& triangles) const {
    RTCScene scene = rtcNewScene(device);
    rtcSetSceneFlags(scene, RTC_SCENE_FLAG_ROBUST);
    if (triangles.empty()) {
      rtcCommitScene(scene);
      return scene;
    }
    RTCGeometry geometry = rtcNewGeometry(device, RTC_GEOMETRY_TYPE_TRIANGLE);
    auto* vertices =
        static_cast<float*>(rtcSetNewGeometryBuffer(geometry, RTC_BUFFER_TYPE_VERTEX, 0, RTC_FORMAT_FLOAT3, sizeof(Vec3), surface.positions().size()));
    auto* corners = static_cast<uint32_t*>(rtcSetNewGeometryBuffer(geometry, RTC_BUFFER_TYPE_INDEX, 0, RTC_FORMAT_UINT3, 12, triangles.size()));
    if (!vertices || !corners) throw Failure({ErrorCode::over_budget, "not enough memory for the tree of the scene"});
    std::memcpy(vertices, surface.positions().data(), surface.positions().size() * sizeof(Vec3));
    for (size_t i = 0; i < triangles.size(); ++i) std::copy_n(surface.triangle(triangles[i]).vertex.begin(), 3, corners + 3 * i);
    rtcCommitGeometry(geometry);
    rtcAttachGeometry(scene, geometry);
    rtcReleaseGeometry(geometry);
    rtcCommitScene(scene);
    return scene;
  }
};

RayScene::RayScene(const SurfaceScene& surface) : surface_(surface), embree_(std::make_unique<Embree>()) {
  if (!embree_->device) throw Failure({ErrorCode::internal, "Embree does not start"});
  std::vector<uint32_t> all(surface.size()), opaque;
  std::iota(all.begin(), all.end(), 0U);
  for (const uint32_t t : all) (surface.clear(t) ? embree_->clear_triangles : opaque).push_back(t);
  embree_->all = embree_->build(surface, all);
  if (embree_->clear_triangles.empty()) return;
  embree_->clear = embree_->build(surface, embree_->clear_triangles);
  embree_->opaque = embree_->build(surface, opaque);
}

RayScene::~RayScene() = default;

bool RayScene::any_clear() const { return embree_->clear != nullptr; }

void RayScene::nearest(const int* valid, RTCRayHit4& rays, bool coherent) const {
  RTCIntersectContext context = context_of(coherent);
  rtcIntersect4(valid, embree_->all, &context, &rays);
}
void RayScene::nearest(const int* valid, RTCRayHit8& rays, bool coherent) const {
  RTCIntersectContext context = context_of(coherent);
  rtcIntersect8(valid, embree_->all, &context, &rays);
}
void RayScene::blocked(const int* valid, RTCRay4& rays) const {
  RTCIntersectContext context = context_of(false);
  rtcOccluded4(valid, embree_->opaque ? embree_->opaque : embree_->all, &context, &rays);
}
void RayScene::blocked(const int* valid, RTCRay8& rays) const {
  RTCIntersectContext context = context_of(false);
  rtcOccluded8(valid, embree_->opaque ? embree_->opaque : embree_->all, &context, &rays);
}

Rgb RayScene::open(const Vec3& from, const Vec3& direction, float distance) const {
  RTCRay ray = ray_of(from, direction, distance);
  RTCIntersectContext context = context_of(false);
  rtcOccluded1(embree_->opaque ? embree_->opaque : embree_->all, &context, &ray);
  return ray.tfar < 0 ? Rgb{0, 0, 0} : through_clear(from, direction, distance);
}

std::optional<RayScene::Hit> RayScene::nearest_clear(const Vec3& from, const Vec3& direction, float distance) const {
  if (!embree_->clear) return std::nullopt;
  RTCRayHit both{};
  both.ray = ray_of(from, direction, distance);
  both.hit.geomID = RTC_INVALID_GEOMETRY_ID;
  RTCIntersectContext context = context_of(false);
  rtcIntersect1(embree_->clear, &context, &both);
  if (both.hit.geomID == RTC_INVALID_GEOMETRY_ID) return std::nullopt;
  return Hit{embree_->clear_triangles[both.hit.primID], 1 - both.hit.u - both.hit.v, both.hit.u, both.ray.tfar};
}

Rgb RayScene::through_clear(const Vec3& from, const Vec3& direction, float distance) const {
  Rgb out{1, 1, 1};
  Vec3 at = from;
  for (int layers = 0; layers < 32; ++layers) {
    const auto hit = nearest_clear(at, direction, distance);
    if (!hit) return out;
    const SurfacePoint p = surface_.at(hit->triangle, hit->u, hit->v, direction * -1);
    out = times(out, p.reflectance(-dot(p.normal, direction)).through());
    const Vec3 next = off_surface(surface_.position(hit->triangle, hit->u, hit->v), p.geometric * -1);
    distance -= hit->distance;
    at = next;
    if (luminance(out) < 1e-4F || distance <= 0) break;
  }
  return out;
}

Vec3 off_surface(const Vec3& point, const Vec3& normal) {
  constexpr float kOrigin = 1.0F / 32, kFloat = 1.0F / 65536, kInt = 256;
  Vec3 out;
  for (size_t i = 0; i < 3; ++i) {
    if (std::abs(point[i]) < kOrigin) {
      out[i] = point[i] + kFloat * normal[i];
      continue;
    }
    int32_t bits = 0;
    std::memcpy(&bits, &point[i], 4);
    const auto steps = static_cast<int32_t>(kInt * normal[i]);
    bits += point[i] < 0 ? -steps : steps;
    std::memcpy(&out[i], &bits, 4);
  }
  return out;
}

}  // namespace ptah
