#include "pipelines/mesh/textured_output.h"

namespace ptah {

MeshScene scene_of(const TexturedMesh& mesh, const std::string& name) {
  MeshScene out;
  out.name = name;
  SceneMaterial material;
  material.name = name;
  material.roughness = mesh.roughness;
  material.metallic = mesh.metallic;
  if (!mesh.texture_png.empty()) {
    out.images = {{"", "image/png", mesh.texture_png}};
    material.base_color_texture.image = 0;
  }
  out.materials = {material};
  SceneMesh node;
  node.path = name;
  node.mesh = {mesh.positions, mesh.normals, mesh.triangles};
  node.uvs = mesh.uvs;
  out.meshes = {std::move(node)};
  return out;
}

Result<void> edit_mesh(TexturedMesh& mesh, const ExportOptions& options, const CancelToken* cancel) {
  if (options.low_poly == 0 && options.origin() == Pivot::keep) return {};
  MeshScene scene = scene_of(mesh, "object");
  PTAH_TRY_VOID(edit_scene(scene, options, cancel));
  SceneMesh& made = scene.meshes.at(0);
  mesh.positions = std::move(made.mesh.positions);
  mesh.normals = std::move(made.mesh.normals);
  mesh.triangles = std::move(made.mesh.triangles);
  mesh.uvs = std::move(made.uvs);
  return {};
}

}  // namespace ptah
