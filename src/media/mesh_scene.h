// A scene of named triangle meshes with materials and encoded textures: what the readers of mesh files give and the writers take.
#pragma once

#include <string>
#include <vector>

#include "geometry/normals.h"

namespace ptah {

/// An encoded picture (PNG, JPEG, WebP), as it lay in the file.
struct SceneImage {
  std::string name;
  std::string mime;  ///< image/png, image/jpeg or image/webp
  Bytes bytes;
};

/// What lies outside 0 to 1.
enum class TextureWrap : uint8_t { repeat, mirror, clamp };

/// A texture of a material.
struct SceneTexture {
  int32_t image = -1;  ///< an index of MeshScene::images; -1 for none
  TextureWrap wrap_u = TextureWrap::repeat, wrap_v = TextureWrap::repeat;
  bool nearest = false;  ///< not interpolated
  bool operator==(const SceneTexture&) const = default;
};

enum class AlphaMode : uint8_t { opaque, mask, blend };

/// Metallic-roughness, as glTF has it. Colours are linear; textures of colours are sRGB, all others linear, and multiply the numbers.
struct SceneMaterial {
  std::string name;
  std::array<float, 4> base_color{1, 1, 1, 1};
  float roughness = 1, metallic = 0;
  std::array<float, 3> emission{0, 0, 0};  ///< 0 to 1
  float emission_strength = 1;
  SceneTexture base_color_texture = {};
  SceneTexture metallic_roughness_texture = {};  ///< green roughness, blue metallic
  SceneTexture normal_texture = {};              ///< tangent space, green up
  SceneTexture occlusion_texture = {};           ///< red
  SceneTexture emissive_texture = {};
  float normal_scale = 1;
  AlphaMode alpha_mode = AlphaMode::opaque;  ///< an opacity below 1 in base_color is blended whatever stands here
  float alpha_cutoff = 0.5F;                 ///< for AlphaMode::mask
  bool double_sided = false;
  float transmission = 0;  ///< how much of the light that is not mirrored goes straight through, 0 to 1 (glass); the rest meets the base colour
  /// For formats that have one number for all that is seen through.
  float opacity() const { return base_color[3] * (1 - transmission); }
};

/// Faces of more than three corners, where a file has them.
struct Polygons {
  std::vector<uint32_t> sizes;    ///< corners of each face, at least 3
  std::vector<uint32_t> corners;  ///< indices of vertices, face by face; the mesh's triangles cut them, in the same order
  bool empty() const { return sizes.empty(); }
};

/// One node with one mesh.
struct SceneMesh {
  std::string path;  ///< the names of a path ("chair/leg 2") are nodes within each other
  ShadedMesh mesh;   ///< one normal a position
  uint32_t material = 0;
  std::vector<Vec2> uvs;                            ///< one a position or none; origin at the texture's upper left
  std::vector<std::array<float, 4>> tangents = {};  ///< one a position or none; along growing u, and 1 or -1, as glTF has them
  std::vector<std::array<float, 4>> colours;        ///< linear RGBA, one a position or none; multiply the base colour
  Polygons polygons;                                ///< empty if all faces are triangles
  std::string extras;                               ///< of the node, a JSON object as text; may be empty
};

/// Metres, y up, front +z.
struct MeshScene {
  std::string name;  ///< of the node above all
  std::vector<SceneMaterial> materials;
  std::vector<SceneMesh> meshes;
  std::vector<SceneImage> images;
  std::string extras;  ///< of the file, a JSON object as text; may be empty
};

/// Makes the normals of a mesh; faces that meet at more than `crease` degrees get vertices of their own, with the uvs and colours that they had.
void add_normals(SceneMesh& mesh, float crease);
/// All meshes as one, vertices as they are.
Mesh joined(const MeshScene& scene);
/// All meshes as one, corners at one place joined, triangles without three corners left out.
Mesh welded(const MeshScene& scene);

}  // namespace ptah
