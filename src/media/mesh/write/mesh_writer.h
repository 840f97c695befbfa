// Scenes as files, in every format of the table of mesh_reader.h.
#pragma once

#include <map>

#include "media/mesh/mesh_reader.h"

namespace ptah {

struct MeshWriteOptions {
  bool polygons = false;     ///< faces of more than three corners in PLY too; OBJ and USDZ have them always
  bool millimetres = false;  ///< OBJ and PLY in millimetres, which a comment says; else in metres
};

/// The files of a scene by their names: `name`.FORMAT, and what it refers to (`name`.mtl and textures of an OBJ, the texture of a PLY). Metres with y up in
/// GLB, OBJ, PLY and USDZ, millimetres with z up in STL and 3MF; nothing is moved. What a format cannot hold is a note: see docs/meshes.md. The same scene
/// gives the same bytes. Errors: unsupported (gltf), invalid_argument (a scene without triangles, or incomplete).
Result<std::map<std::string, Bytes>> encode_mesh_scene(const MeshScene& scene, const MeshFormat& format, const std::string& name, SceneNotes* notes = nullptr,
                                                       const MeshWriteOptions& options = {});

/// `count` points on the surfaces of a scene as a binary PLY: positions in metres, normals, and colours, sRGB. Errors: invalid_argument for a scene without
/// area.
Result<Bytes> encode_ply_points(const MeshScene& scene, size_t count, uint64_t seed = 0);

}  // namespace ptah
