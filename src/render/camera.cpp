#include "render/camera.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace ptah {

namespace {

constexpr float kDegree = std::numbers::pi_v<float> / 180;

Camera turned(const Direction& from, int64_t width, int64_t height) {
  const float turn = from.turn * kDegree, tilt = from.tilt * kDegree;
  Camera out;
  out.forward = Vec3{-std::sin(turn) * std::cos(tilt), -std::sin(tilt), -std::cos(turn) * std::cos(tilt)};
  out.right = Vec3{std::cos(turn), 0, -std::sin(turn)};
  out.up = cross(out.right, out.forward);
  out.scale = static_cast<float>(height) / 2 / std::tan(from.field * kDegree / 2);
  out.centre_x = static_cast<float>(width) / 2;
  out.centre_y = static_cast<float>(height) / 2;
  return out;
}

/// As near as every vertex stays within 44 % of the picture's edge on both sides.
float distance_of(const Camera& camera, const RenderScene& scene, const Vec3& middle, int64_t width, int64_t height) {
  float distance = 1e-3F;
  for (const RenderMesh& m : scene.meshes)
    for (const Vec3& p : m.mesh.positions) {
      const Vec3 d = p - middle;
      const float across = std::abs(dot(d, camera.right)) * camera.scale / (0.44F * static_cast<float>(width));
      const float above = std::abs(dot(d, camera.up)) * camera.scale / (0.44F * static_cast<float>(height));
      distance = std::max(distance, std::max(across, above) - dot(d, camera.forward));
    }
  return distance;
}

bool finite(const Vec3& v) { return std::isfinite(v[0]) && std::isfinite(v[1]) && std::isfinite(v[2]); }

}  // namespace

Camera Camera::looking_at(const RenderScene& scene, const Direction& from, int64_t width, int64_t height) {
  return round(scene, {from}, width, height).front();
}

std::vector<Camera> Camera::round(const RenderScene& scene, const std::vector<Direction>& from, int64_t width, int64_t height) {
  const Vec3 middle = extent_of(scene).middle();
  std::vector<Camera> out;
  float distance = 0;
  for (const Direction& direction : from) {
    out.push_back(turned(direction, width, height));
    distance = std::max(distance, distance_of(out.back(), scene, middle, width, height));
  }
  for (Camera& camera : out) camera.eye = middle - camera.forward * distance;
  return out;
}

Camera Camera::of_light(const Vec3& towards_light, const Vec3& middle, float radius, int64_t size) {
  Camera out;
  const Vec3 towards = normalized(towards_light);
  const Vec3 above = std::abs(towards[1]) < 0.999F ? Vec3{0, 1, 0} : Vec3{0, 0, 1};
  out.perspective = false;
  out.forward = towards * -1;
  out.right = normalized(cross(above, out.forward * -1));
  out.up = cross(out.right, out.forward);
  out.eye = middle + towards * (2 * radius);
  out.scale = static_cast<float>(size) * 0.49F / radius;
  out.centre_x = out.centre_y = static_cast<float>(size) / 2;
  return out;
}

Extent extent_of(const RenderScene& scene) {
  constexpr float kFar = std::numeric_limits<float>::max();
  Extent out{{kFar, kFar, kFar}, {-kFar, -kFar, -kFar}};
  for (const RenderMesh& m : scene.meshes)
    for (const Vec3& p : m.mesh.positions)
      for (size_t i = 0; i < 3; ++i) out.low[i] = std::min(out.low[i], p[i]), out.high[i] = std::max(out.high[i], p[i]);
  return out;
}

Result<void> check(const RenderScene& scene) {
  const bool any = std::any_of(scene.meshes.begin(), scene.meshes.end(), [](const RenderMesh& m) { return !m.mesh.triangles.empty(); });
  if (!any) return fail(ErrorCode::invalid_argument, "there is nothing to be seen in the scene");
  for (const RenderMesh& m : scene.meshes) {
    const ShadedMesh& mesh = m.mesh;
    if (m.material >= scene.materials.size() || mesh.normals.size() != mesh.positions.size() || (!m.uvs.empty() && m.uvs.size() != mesh.positions.size()) ||
        (!m.colours.empty() && m.colours.size() != mesh.positions.size()))
      return fail(ErrorCode::invalid_argument, "a mesh of the scene has no material, or other normals than positions");
    for (const Triangle& t : mesh.triangles)
      if (std::max({t[0], t[1], t[2]}) >= mesh.positions.size())
        return fail(ErrorCode::invalid_argument, "a triangle of the scene names a vertex that is not there");
    for (size_t i = 0; i < mesh.positions.size(); ++i)
      if (!finite(mesh.positions[i]) || !finite(mesh.normals[i]) || length(mesh.positions[i]) > 1e15F)
        return fail(ErrorCode::invalid_argument, "a vertex of the scene is infinitely far away");
  }
  for (const RenderMaterial& m : scene.materials)
    for (const int32_t texture : {m.albedo_texture, m.roughness_texture, m.normal_texture, m.emission_texture})
      if (texture >= static_cast<int32_t>(scene.textures.size()))
        return fail(ErrorCode::invalid_argument, "a material of the scene names a texture that is not there");
  return {};
}

}  // namespace ptah
