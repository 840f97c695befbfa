// Readers of OBJ, PLY, STL and 3MF. Numbers and axes stay as the file has them; decode_mesh_scene() brings them to metres and y up.
#pragma once

#include <span>

#include "media/mesh/limits.h"
#include "media/mesh/neighbour_files.h"
#include "media/mesh_scene.h"

namespace ptah {

/// Objects and groups become paths, each with one mesh a material; faces of more than three corners stay polygons. Positive and negative indices, vertex
/// colours behind the positions (sRGB). MTL: Kd, d, Tr, Ns or Pr (roughness), Pm, Ke, map_Kd, map_Ke, norm; a texture stands in place of Kd. Lines, points,
/// curves and smoothing groups are left out. Errors: corrupt, over_budget.
Result<MeshScene> decode_obj(std::string_view text, const NeighbourFiles& files, SceneNotes* notes = nullptr);
/// ASCII and both binary forms: positions, normals, texture coordinates (s t, u v, texture_u texture_v), colours (8 bits sRGB, or float linear), the texture
/// that a comment "TextureFile" names, faces of any number of corners, triangle strips. Errors: corrupt, over_budget, unsupported for point clouds.
Result<MeshScene> decode_ply(std::span<const uint8_t> bytes, const NeighbourFiles& files, SceneNotes* notes = nullptr);
/// Points without faces, as decode_ply() refuses them; without normals and colours (linear RGBA) where the file has none.
struct PointCloud {
  std::vector<Vec3> positions, normals;
  std::vector<std::array<float, 4>> colours;
};
Result<PointCloud> decode_ply_points(std::span<const uint8_t> bytes);
/// Both forms. A solid of the text form is a mesh. Errors: corrupt, over_budget.
Result<MeshScene> decode_stl(std::span<const uint8_t> bytes, SceneNotes* notes = nullptr);
bool is_binary_stl(std::span<const uint8_t> bytes);
/// The core specification 1.3 with components, the materials extension's base materials, colour groups and textures, and the production extension's paths.
/// `metres_per_unit` becomes the file's unit. Errors: corrupt, unsupported (what the file requires), over_budget.
Result<MeshScene> decode_3mf(std::span<const uint8_t> bytes, double& metres_per_unit, SceneNotes* notes = nullptr);

/// The unit that a comment of Ptah's own OBJ and PLY files states ("units: millimetres"), in metres; 0 without one.
double stated_unit(std::string_view head);

}  // namespace ptah
