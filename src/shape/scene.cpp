#include "shape/scene.h"

#include <algorithm>
#include <map>

namespace ptah {

namespace {

/// Indices of materials that are the same but for their names' owners.
template <class Out, class Make>
uint32_t material_index(std::vector<Material>& seen, std::vector<Out>& out, const Material& material, const Make& make) {
  const auto found = std::find(seen.begin(), seen.end(), material);
  if (found != seen.end()) return static_cast<uint32_t>(found - seen.begin());
  seen.push_back(material);
  out.push_back(make(material));
  return static_cast<uint32_t>(seen.size() - 1);
}

std::array<float, 3> linear(const std::array<float, 3>& srgb) { return {linear_of(srgb[0]), linear_of(srgb[1]), linear_of(srgb[2])}; }

}  // namespace

GlbScene glb_scene(const Assembly& assembly, const std::vector<Solid>& solids) {
  GlbScene out;
  out.name = assembly.name;
  std::map<std::string, int> copies;
  for (const Solid& solid : solids) ++copies[solid.label];
  std::map<std::string, int> numbers;
  std::vector<Material> seen;
  for (const Solid& solid : solids) {
    SceneMesh mesh;
    mesh.path = copies[solid.label] > 1 ? fmt::format("{} {}", solid.label, ++numbers[solid.label]) : solid.label;
    mesh.mesh = shaded(solid.mesh);
    mesh.material = material_index(seen, out.materials, solid.material, [](const Material& m) {
      const auto colour = linear(m.albedo);
      return SceneMaterial{.name = m.name,
                           .base_color = {colour[0], colour[1], colour[2], m.opacity},
                           .roughness = m.roughness,
                           .metallic = m.metallic,
                           .emission = linear(m.emission)};
    });
    out.meshes.push_back(std::move(mesh));
  }
  return out;
}

RenderScene render_scene(const std::vector<Solid>& solids) {
  RenderScene out;
  std::vector<Material> seen;
  for (const Solid& solid : solids) {
    RenderMesh mesh;
    mesh.mesh = shaded(solid.mesh);
    mesh.material = material_index(seen, out.materials, solid.material, [](const Material& m) {
      return RenderMaterial{.albedo = linear(m.albedo), .emission = linear(m.emission), .roughness = m.roughness, .metallic = m.metallic, .opacity = m.opacity};
    });
    out.meshes.push_back(std::move(mesh));
  }
  return out;
}

}  // namespace ptah
