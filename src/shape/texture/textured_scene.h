// Assemblies with their materials baked on one atlas.
#pragma once

#include "base/progress.h"
#include "media/mesh_scene.h"
#include "shape/assembly.h"
#include "shape/texture/bake.h"

namespace ptah {

struct TexturedScene {
  MeshScene scene;  ///< a node for each solid as in glb_scene(), with texture coordinates and the maps as PNG
  BakedMaps maps;
  UvMap uvs;  ///< of all triangles, solid by solid
};

/// All solids on one atlas of `texels` on its edge, with as many texels for a surface everywhere. Wood has its grain along the longest side of its part, and no
/// two parts are of one piece. Errors: as unwrap and bake_maps.
Result<TexturedScene> textured_scene(const Assembly& assembly, const std::vector<Solid>& solids, int64_t texels, const ProgressCallback& progress = {},
                                     const CancelToken* cancel = nullptr);

struct MeshTexturing {
  int64_t texels = 1024;  ///< edge of the atlas
  bool unwrap = false;    ///< new texture coordinates though the mesh has some
  float scale = 1;        ///< of the pattern: 2 is twice as coarse. At 1 the mesh's longest edge counts as a metre.
};
/// A mesh of any kind in one material: what it had is left out. Its own texture coordinates are used where every vertex has some between 0 and 1; else, or if
/// asked, it is unwrapped. What a user should know of that comes as notes. Errors: as unwrap and bake_maps; invalid_argument for a scene without triangles,
/// over_budget for one of over 4 million.
Result<TexturedScene> textured_mesh(const MeshScene& mesh, const LayeredMaterial& material, const MeshTexturing& options,
                                    std::vector<std::string>* notes = nullptr, const ProgressCallback& progress = {}, const CancelToken* cancel = nullptr);

/// A mesh with texture coordinates of its own, or with new ones, all nodes in one. Errors: as textured_mesh().
struct MeshAtlas {
  AtlasMesh mesh;
  UvMap uvs;  ///< empty if the mesh's own are used
};
Result<MeshAtlas> mesh_atlas(const MeshScene& mesh, const MeshTexturing& options, std::vector<std::string>* notes = nullptr,
                             const ProgressCallback& progress = {}, const CancelToken* cancel = nullptr);
/// The nodes of a scene with their triangles as the atlas has them, all in one material; without the scene's pictures.
MeshScene on_atlas(const MeshScene& scene, const AtlasMesh& atlas, SceneMaterial material, bool with_tangents);

/// How a material lies in a solid.
BakedPart part_of(const LayeredMaterial& material, const std::vector<Vec3>& positions, size_t number);

/// The maps as pictures of a scene, and the textures of a material that shows them. Errors: as encode_png.
Result<void> add_maps(MeshScene& scene, const BakedMaps& maps);
void show_maps(SceneMaterial& material, const BakedMaps& maps);

}  // namespace ptah
