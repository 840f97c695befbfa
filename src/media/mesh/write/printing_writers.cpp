#include <algorithm>

#include "media/mesh/print/print_model.h"
#include "media/mesh/write/writers.h"
#include "media/mesh_files.h"
#include "media/three_mf.h"

namespace ptah {

Result<MeshFiles> write_stl(const MeshScene& scene, const std::string& name, NoteList& notes) {
  Mesh mesh = welded(scene);
  if (mesh.triangles.empty()) return fail(ErrorCode::invalid_argument, "a scene without triangles");
  for (Vec3& p : mesh.positions) p = {p[0], -p[2], p[1]};
  if (scene.meshes.size() > 1) notes.add("all parts become one: STL has no others");
  NoteList none(nullptr);
  if (!SceneColours(scene, none).plain()) notes.add("colours are left out: STL has none");
  return MeshFiles{{name + ".stl", encode_stl(mesh)}};
}

Result<MeshFiles> write_3mf(const MeshScene& scene, const std::string& name, NoteList& notes) {
  const PrintModel model = print_model(scene, notes);
  if (std::any_of(scene.materials.begin(), scene.materials.end(), [](const SceneMaterial& m) { return m.base_color_texture.image >= 0; }))
    notes.add("textures become one colour a triangle, as printers have them");
  PTAH_TRY(Bytes bytes, encode_3mf(scene.name.empty() ? name : scene.name, model.colours, model.bodies, false));
  return MeshFiles{{name + ".3mf", std::move(bytes)}};
}

}  // namespace ptah
