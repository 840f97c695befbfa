#include "render/mesh_scene.h"

namespace ptah {

namespace {

/// What is opaque is there whatever the alpha of its texture says.
float cutoff_of(const SceneMaterial& material) {
  if (material.alpha_mode == AlphaMode::mask) return std::max(material.alpha_cutoff, 1e-6F);
  return material.alpha_mode == AlphaMode::opaque && material.opacity() >= 1 ? 0 : -1;
}

}  // namespace

Result<RenderScene> render_scene(const MeshScene& scene) {
  RenderScene out;
  std::vector<int32_t> decoded(scene.images.size(), -1);
  const auto texture = [&](const SceneTexture& from) -> Result<int32_t> {
    if (from.image < 0) return -1;
    const auto index = static_cast<size_t>(from.image);
    if (index >= scene.images.size()) return fail(ErrorCode::corrupt, "a material of the mesh names a picture that is not there");
    if (decoded[index] < 0) {
      auto image = decode_image(scene.images[index].bytes);
      if (!image) return fail(image.error().code, "a texture of the mesh: {}", image.error().message);
      decoded[index] = static_cast<int32_t>(out.textures.size());
      out.textures.push_back(std::move(*image));
    }
    return decoded[index];
  };
  for (const SceneMaterial& from : scene.materials) {
    RenderMaterial m{.albedo = {from.base_color[0], from.base_color[1], from.base_color[2]},
                     .emission = from.emission,
                     .roughness = from.roughness,
                     .metallic = from.metallic,
                     .opacity = from.opacity(),
                     .normal_scale = from.normal_scale,
                     .alpha_cutoff = cutoff_of(from)};
    for (float& value : m.emission) value *= from.emission_strength;
    PTAH_TRY(m.albedo_texture, texture(from.base_color_texture));
    PTAH_TRY(m.roughness_texture, texture(from.metallic_roughness_texture));
    PTAH_TRY(m.normal_texture, texture(from.normal_texture));
    PTAH_TRY(m.emission_texture, texture(from.emissive_texture));
    out.materials.push_back(m);
  }
  if (out.materials.empty()) out.materials.emplace_back();
  for (const SceneMesh& from : scene.meshes) {
    RenderMesh mesh{.mesh = from.mesh, .material = from.material, .uvs = from.uvs, .colours = from.colours};
    if (mesh.mesh.normals.size() != mesh.mesh.positions.size()) {
      SceneMesh copy = from;
      add_normals(copy, 35);
      mesh = {.mesh = std::move(copy.mesh), .material = copy.material, .uvs = std::move(copy.uvs), .colours = std::move(copy.colours)};
    }
    out.meshes.push_back(std::move(mesh));
  }
  PTAH_TRY_VOID(check(out));
  return out;
}

}  // namespace ptah
