#include "scene/surfaces.h"

#include <algorithm>
#include <cmath>

#include "shape/scene.h"
#include "shape/texture/textured_scene.h"

namespace ptah {

Result<Material> surface_material(const std::string& words) {
  const size_t blank = words.find(' ');
  PTAH_TRY(Material out, material_of(words.substr(0, blank)));
  if (blank != std::string::npos) {
    PTAH_TRY(out.albedo, colour_of(words.substr(blank + 1)));
  }
  return out;
}

Material as_floor(Material material) {
  if (material.texture == SolidTexture::wood) material.texture = SolidTexture::planks;
  if (material.texture == SolidTexture::tiles || material.texture == SolidTexture::checker) material.scale = 3;
  return material;
}

Material as_wall(Material material) {
  if (material.texture == SolidTexture::wood) material.texture = SolidTexture::planks;
  if (material.texture == SolidTexture::tiles) material.scale = 1.5F;
  return material;
}

Result<Covering> bake_covering(MeshScene& scene, const Material& material, float width, float height, bool lying, int64_t texels) {
  Covering out{.material = {}, .width = width, .height = height};
  const LayeredMaterial layered{material, {}, 1};
  out.material.name = material.name;
  out.material.base_color = {linear_of(material.albedo[0]), linear_of(material.albedo[1]), linear_of(material.albedo[2]), material.opacity};
  out.material.roughness = material.roughness, out.material.metallic = material.metallic;
  if (uniform(layered)) return out;
  // One rectangle; the texture's upper left is the far left corner of a floor, the upper left of a wall.
  AtlasMesh quad;
  for (const auto& [u, v] : {std::pair{0.0F, 0.0F}, {1.0F, 0.0F}, {1.0F, 1.0F}, {0.0F, 1.0F}}) {
    quad.positions.push_back(lying ? Vec3{u * width, 0, v * height} : Vec3{u * width, (1 - v) * height, 0});
    quad.normals.push_back(lying ? Vec3{0, 1, 0} : Vec3{0, 0, 1});
    quad.uvs.push_back({u, v});
  }
  quad.triangles = lying ? std::vector<Triangle>{{0, 3, 2}, {0, 2, 1}} : std::vector<Triangle>{{0, 3, 2}, {0, 2, 1}};
  add_tangents(quad);
  // Not in the plane of a joint.
  const BakedPart part{layered, {-0.017F, -0.031F, -0.023F}, lying ? 0 : 1};
  PTAH_TRY(const BakedMaps maps, bake_maps(quad, {0, 0}, {part}, texels));
  const auto first = static_cast<int32_t>(scene.images.size());
  PTAH_TRY_VOID(add_maps(scene, maps));
  show_maps(out.material, maps);
  for (SceneTexture* texture :
       {&out.material.base_color_texture, &out.material.metallic_roughness_texture, &out.material.normal_texture, &out.material.emissive_texture})
    if (texture->image >= 0) texture->image += first;
  out.relief = maps.relief;
  return out;
}

}  // namespace ptah
