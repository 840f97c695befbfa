#include "media/mesh/write/mesh_writer.h"

#include <cstring>

#include "geometry/surface_samples.h"
#include "media/mesh/write/writers.h"
#include "media/append_value.h"

namespace ptah {

namespace {

Result<MeshFiles> write_glb(const MeshScene& scene, const std::string& name) {
  PTAH_TRY(Bytes bytes, encode_glb(scene));
  return MeshFiles{{name + ".glb", std::move(bytes)}};
}

}  // namespace

Result<MeshFiles> encode_mesh_scene(const MeshScene& scene, const MeshFormat& format, const std::string& name, SceneNotes* notes,
                                    const MeshWriteOptions& options) {
  PTAH_TRY_VOID(check_scene(scene));
  NoteList list(notes);
  const std::string_view kind = format.name;
  if (kind == "glb") return write_glb(scene, name);
  if (kind == "obj") return write_obj(scene, name, list, options);
  if (kind == "ply") return write_ply(scene, name, list, options);
  if (kind == "stl") return write_stl(scene, name, list);
  if (kind == "3mf") return write_3mf(scene, name, list);
  if (kind == "usdz") return write_usdz(scene, name, list);
  return fail(ErrorCode::unsupported, "{} is read, not written; glb, obj, ply, stl, 3mf and usdz are written", format.name);
}

Result<Bytes> encode_ply_points(const MeshScene& scene, size_t count, uint64_t seed) {
  PTAH_TRY_VOID(check_scene(scene));
  NoteList notes(nullptr);
  const SceneColours colours(scene, notes);
  const SurfaceSamples samples = sample_surface(joined(scene), count, seed);
  if (samples.positions.empty()) return fail(ErrorCode::invalid_argument, "a scene without area has no points");
  const std::string header = fmt::format(
      "ply\nformat binary_little_endian 1.0\ncomment Ptah; units: metres, +Y up\nelement vertex {}\nproperty float x\nproperty float y\nproperty float z\n"
      "property float nx\nproperty float ny\nproperty float nz\nproperty uchar red\nproperty uchar green\nproperty uchar blue\nproperty uchar alpha\n"
      "end_header\n",
      samples.positions.size());
  Bytes out(header.begin(), header.end());
  size_t mesh = 0, before = 0;  // triangles of the meshes before
  for (size_t i = 0; i < samples.positions.size(); ++i) {
    while (samples.triangles[i] >= before + scene.meshes[mesh].mesh.triangles.size()) before += scene.meshes[mesh++].mesh.triangles.size();
    const SceneMesh& m = scene.meshes[mesh];
    append_value(out, samples.positions[i]);
    append_value(out, samples.normals[i]);
    append_value(out, srgb8(colours.at(m, m.mesh.triangles[samples.triangles[i] - before], samples.weights[i])));
  }
  return out;
}

}  // namespace ptah
