#include <algorithm>

#include "media/mesh/write/writers.h"

#include "media/append_value.h"

namespace ptah {

namespace {

/// The one texture of colours that all meshes share; -1 if there are several or none, or a mesh is without coordinates.
int32_t shared_texture(const MeshScene& scene) {
  const int32_t image = scene.materials[scene.meshes[0].material].base_color_texture.image;
  for (const SceneMesh& m : scene.meshes)
    if (m.uvs.empty() || scene.materials[m.material].base_color_texture.image != image) return -1;
  return image;
}

/// Base colour times colour of the vertex.
std::array<float, 4> untextured(const MeshScene& scene, const SceneMesh& m, size_t vertex) {
  std::array<float, 4> out = scene.materials[m.material].base_color;
  if (!m.colours.empty())
    for (size_t c = 0; c < 4; ++c) out[c] *= m.colours[vertex][c];
  return out;
}

}  // namespace

Result<MeshFiles> write_ply(const MeshScene& scene, const std::string& name, NoteList& notes, const MeshWriteOptions& options) {
  MeshFiles files;
  const int32_t image = shared_texture(scene);
  std::string texture;
  if (image >= 0) {
    PTAH_TRY(PlainPicture picture, png_or_jpeg(scene.images.at(static_cast<size_t>(image))));
    texture = fmt::format("{}-1.{}", name, picture.ending);
    files[texture] = std::move(picture.bytes);
  }
  const SceneColours colours(scene, notes);
  const bool uvs = std::all_of(scene.meshes.begin(), scene.meshes.end(), [](const SceneMesh& m) { return !m.uvs.empty(); });
  const bool coloured = !colours.plain();
  if (image < 0 && std::any_of(scene.materials.begin(), scene.materials.end(), [](const SceneMaterial& m) { return m.base_color_texture.image >= 0; }))
    notes.add("several textures become colours of the vertices: PLY names one");
  if (scene.meshes.size() > 1) notes.add("all parts become one mesh: PLY has no others");
  Bytes vertices, faces;
  size_t vertex_count = 0, face_count = 0;
  for (const SceneMesh& m : scene.meshes) {
    for (uint32_t v = 0; v < m.mesh.positions.size(); ++v) {
      append_value(vertices, m.mesh.positions[v] * (options.millimetres ? 1000.0F : 1.0F));
      append_value(vertices, m.mesh.normals[v]);
      if (uvs) append_value(vertices, Vec2{m.uvs[v][0], 1 - m.uvs[v][1]});
      if (coloured) append_value(vertices, srgb8(image >= 0 ? untextured(scene, m, v) : colours.at(m, v)));
    }
    const auto put = [&](std::span<const uint32_t> face) {
      faces.push_back(static_cast<uint8_t>(face.size()));
      for (const uint32_t v : face) append_value(faces, v + static_cast<uint32_t>(vertex_count));
      ++face_count;
    };
    // Triangles unless more is asked for: readers exist that refuse faces of several sizes. A count is one byte.
    if (options.polygons && std::all_of(m.polygons.sizes.begin(), m.polygons.sizes.end(), [](uint32_t size) { return size < 256; }))
      each_face(m, put);
    else
      for (const Triangle& t : m.mesh.triangles) put(std::span<const uint32_t>(t));
    vertex_count += m.mesh.positions.size();
  }
  std::string header = fmt::format("ply\nformat binary_little_endian 1.0\ncomment Ptah; units: {}, +Y up\n", options.millimetres ? "millimetres" : "metres");
  if (!texture.empty()) header += fmt::format("comment TextureFile {}\n", texture);
  header += fmt::format("element vertex {}\n", vertex_count);
  for (const char* property : {"x", "y", "z", "nx", "ny", "nz", "s", "t"})
    if (uvs || (property[0] != 's' && property[0] != 't')) header += fmt::format("property float {}\n", property);
  if (coloured)
    for (const char* property : {"red", "green", "blue", "alpha"}) header += fmt::format("property uchar {}\n", property);
  header += fmt::format("element face {}\nproperty list uchar uint vertex_indices\nend_header\n", face_count);
  Bytes& out = files[name + ".ply"];
  out.assign(header.begin(), header.end());
  out.insert(out.end(), vertices.begin(), vertices.end());
  out.insert(out.end(), faces.begin(), faces.end());
  return files;
}

}  // namespace ptah
