// OBJ, PLY, STL and 3MF, whose format the input itself says; what can be read can be written, and is the same when it is read again. All formats are written,
// whatever the textures hold.
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "media/glb_scene.h"
#include "media/mesh/format_readers.h"
#include "media/mesh/gltf_reader.h"
#include "media/mesh/mesh_reader.h"
#include "media/mesh/write/mesh_writer.h"
#include "media/zip.h"

using namespace ptah;

[[noreturn]] static void wrong(const std::string& why) {
  std::fprintf(stderr, "wrong: %s\n", why.c_str());
  std::abort();
}

/// What a scene promises to who draws or writes it.
static void check(const MeshScene& scene) {
  for (const SceneMesh& m : scene.meshes) {
    const size_t count = m.mesh.positions.size();
    if (m.mesh.triangles.empty() || m.mesh.normals.size() != count || m.material >= scene.materials.size()) wrong("an incomplete mesh");
    if ((!m.uvs.empty() && m.uvs.size() != count) || (!m.colours.empty() && m.colours.size() != count)) wrong("attributes of another length");
    for (const Triangle& t : m.mesh.triangles)
      for (const uint32_t v : t)
        if (v >= count) wrong("a triangle without its vertex");
    size_t corners = 0, triangles = 0;
    for (const uint32_t size : m.polygons.sizes) corners += size, triangles += size - 2;
    if (!m.polygons.empty() && (corners != m.polygons.corners.size() || triangles != m.mesh.triangles.size())) wrong("polygons that are not the triangles");
    for (const uint32_t v : m.polygons.corners)
      if (v >= count) wrong("a polygon without its vertex");
  }
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // What stands behind the first 0xFF of a text is what it refers to. A model part of 3MF alone gets its archive.
  Bytes bytes(data, data + size), beside;
  const std::string text(bytes.begin(), bytes.end());
  if (const size_t half = text.find('\xff');
      half != std::string::npos && std::string("<#mvp").find(text[0]) != std::string::npos && text.find("end_header") > half) {
    beside.assign(bytes.begin() + static_cast<std::ptrdiff_t>(half) + 1, bytes.end());
    bytes.resize(half);
  }
  if (size > 0 && data[0] == '<') {
    const Bytes picture{0x89, 'P', 'N', 'G'};
    bytes = value_or_throw(zip_archive({{"3D/3dmodel.model", bytes}, {"a.model", beside}, {"a.png", picture}}, 64));
  }
  const NeighbourFiles files = [&](const std::string& name) -> Result<Bytes> {
    if (name.ends_with("png")) return Bytes{0x89, 'P', 'N', 'G'};
    return beside;
  };
  SceneNotes notes;
  const auto scene = decode_mesh_scene(bytes, files, {}, &notes);
  (void)decode_ply_points(bytes);
  if (!scene) return 0;
  check(*scene);
  for (const MeshFormat& format : mesh_formats())
    if (format.writes && scene->meshes.size() < 100) (void)encode_mesh_scene(*scene, format, "a", nullptr, {.polygons = true});
  const auto glb = encode_glb(*scene);
  if (!glb) wrong(glb.error().message);
  const auto second = decode_glb(*glb);
  if (!second) wrong(second.error().message);
  // Nodes within each other come in another order.
  auto before = joined(*scene).positions, after = joined(*second).positions;
  std::sort(before.begin(), before.end());
  std::sort(after.begin(), after.end());
  if (before != after) wrong("other positions");
  return 0;
}
