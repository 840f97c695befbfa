// The parts of a glTF scene as they are read: materials, primitives, nodes.
#pragma once

#include "media/mesh/gltf_document.h"
#include "media/mesh/gltf_reader.h"
#include "media/mesh/scene_builder.h"

namespace ptah {

/// Column by column, as glTF has them.
using Matrix4 = std::array<double, 16>;
Matrix4 operator*(const Matrix4& a, const Matrix4& b);
Matrix4 identity4();
Vec3 transformed(const Matrix4& m, const Vec3& p);
/// Of its upper left 3 × 3; below 0 it mirrors.
double determinant(const Matrix4& m);

/// What a material asks of the texture coordinates of its meshes.
struct UvUse {
  size_t set = 0;                                     ///< TEXCOORD_n
  std::array<double, 6> transform{1, 0, 0, 0, 1, 0};  ///< u' = t0 u + t1 v + t2, v' = t3 u + t4 v + t5
  bool textured = false;
};
struct GltfMaterials {
  std::vector<SceneMaterial> materials;
  std::vector<UvUse> uvs;  ///< one a material
  std::vector<SceneImage> images;
};
GltfMaterials read_gltf_materials(const GltfDocument& document, NoteList& notes);

/// A primitive in its own frame.
struct GltfPrimitive {
  std::vector<Vec3> positions, normals;  ///< no normals where the file has none
  std::vector<Vec2> uvs;
  std::vector<std::array<float, 4>> colours;
  std::vector<std::array<uint32_t, 4>> joints;  ///< of a skin; with weights
  std::vector<std::array<float, 4>> weights;
  std::vector<Triangle> triangles;
  std::optional<size_t> material;
};
/// Nothing for points and lines. `use` gives what the material asks for.
std::optional<GltfPrimitive> read_gltf_primitive(const GltfDocument& document, const Json& primitive, const std::vector<UvUse>& uses, NoteList& notes);

/// A node that has a mesh.
struct GltfNode {
  size_t node = 0, mesh = 0;
  std::string path;
  std::optional<size_t> skin;
};
struct GltfNodes {
  std::string name;
  std::vector<GltfNode> meshes;
  std::vector<Matrix4> world;  ///< of each node of the document
};
/// Walks the default scene.
GltfNodes read_gltf_nodes(const GltfDocument& document);

}  // namespace ptah
