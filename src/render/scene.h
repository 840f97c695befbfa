// What is rendered: meshes with materials, as glTF has them.
#pragma once

#include "geometry/normals.h"
#include "media/image.h"

namespace ptah {

/// How a surface reflects: metallic-roughness. Colours are linear. Textures are indices of RenderScene::textures, −1 for none; they multiply
/// the numbers.
struct RenderMaterial {
  std::array<float, 3> albedo{0.8F, 0.8F, 0.8F}, emission{0, 0, 0};
  float roughness = 0.6F, metallic = 0;
  float specular = 1;              ///< of what is no metal: how much of the mirror above the diffuse surface is there, 0 to 1
  float opacity = 1;               ///< what is not opaque lets light through in a straight line
  int32_t albedo_texture = -1;     ///< sRGB; its alpha is how much of the surface is there
  int32_t roughness_texture = -1;  ///< green is roughness, blue metalness
  int32_t normal_texture = -1;     ///< tangent space, +Y up
  int32_t emission_texture = -1;   ///< sRGB
  float normal_scale = 1;          ///< of the normal texture
  float alpha_cutoff = -1;         ///< above 0: what is less opaque is not there, all else is opaque; 0: all is; −1: light goes through by the opacity
};

struct RenderMesh {
  ShadedMesh mesh;
  uint32_t material = 0;
  std::vector<Vec2> uvs = {};                      ///< one a vertex, origin at the texture's upper left; empty: the mesh has no textures
  std::vector<std::array<float, 4>> colours = {};  ///< linear RGBA, one a vertex, or empty; multiply albedo and what the alpha of its texture says
};

struct RenderScene {
  std::vector<RenderMaterial> materials;
  std::vector<RenderMesh> meshes;
  std::vector<Image> textures = {};
};

struct Extent {
  Vec3 low, high;
  Vec3 middle() const { return (low + high) * 0.5F; }
  float radius() const { return std::max(1e-4F, length(high - low) / 2); }
};
/// The box round all vertices; a scene without any has none (low above high).
Extent extent_of(const RenderScene& scene);

/// Errors: invalid_argument for a scene that shows nothing, for indices out of range, and for numbers that are not finite.
Result<void> check(const RenderScene& scene);

}  // namespace ptah
