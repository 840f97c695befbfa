// The writers of the formats, which encode_mesh_scene() chooses from.
#pragma once

#include "media/mesh/write/mesh_writer.h"
#include "media/mesh/write/scene_colours.h"

namespace ptah {

using MeshFiles = std::map<std::string, Bytes>;

/// `name`.obj, `name`.mtl and the textures of colours, emission and normals. Faces of many corners are kept, colours of vertices stand behind their positions.
Result<MeshFiles> write_obj(const MeshScene& scene, const std::string& name, NoteList& notes, const MeshWriteOptions& options = {});
/// One mesh, of triangles unless the options say more. One texture of colours is named, several are sampled at the vertices.
Result<MeshFiles> write_ply(const MeshScene& scene, const std::string& name, NoteList& notes, const MeshWriteOptions& options = {});
/// Binary.
Result<MeshFiles> write_stl(const MeshScene& scene, const std::string& name, NoteList& notes);
/// An object for each node, a colour for each triangle.
Result<MeshFiles> write_3mf(const MeshScene& scene, const std::string& name, NoteList& notes);
/// An archive of one layer as text, and textures as PNG or JPEG: UsdGeomMesh with UsdPreviewSurface.
Result<MeshFiles> write_usdz(const MeshScene& scene, const std::string& name, NoteList& notes);

/// Faces by their corners: polygons where there are, else triangles. visit(span of vertices).
template <class Visit>
void each_face(const SceneMesh& mesh, const Visit& visit) {
  if (mesh.polygons.empty()) {
    for (const Triangle& t : mesh.mesh.triangles) visit(std::span<const uint32_t>(t));
    return;
  }
  size_t at = 0;
  for (const uint32_t size : mesh.polygons.sizes) {
    visit(std::span<const uint32_t>(mesh.polygons.corners).subspan(at, size));
    at += size;
  }
}

}  // namespace ptah
