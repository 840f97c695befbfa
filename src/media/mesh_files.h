// Meshes as files: glTF 2.0 binary, OBJ + MTL, PLY, STL.
#pragma once

#include <functional>
#include <string>

#include "base/error.h"
#include "geometry/mesh.h"

namespace ptah {

/// Makes the extras of a GLB (a JSON object as text) from its finished binary chunk: geometry and texture.
using GlbExtras = std::function<Result<std::string>(std::span<const uint8_t> body)>;
/// glTF 2.0 binary; the extras go to asset.extras.
Result<Bytes> encode_glb(const TexturedMesh& mesh, const GlbExtras& extras = {});
/// The JSON chunk of a GLB. Errors: corrupt.
Result<std::string> glb_json(std::span<const uint8_t> bytes);
/// The binary chunk of a GLB, geometry and texture; it has to be the second and last. Errors: corrupt.
Result<std::span<const uint8_t>> glb_body(std::span<const uint8_t> bytes);
/// The first part of a GLB's JSON that encode_glb() would not have written around this binary chunk, such as "nodes" for a scaled object or "materials" for
/// another look; empty if there is none. asset.extras.ptah, where the receipt lies, is left out. Errors: corrupt.
Result<std::string> foreign_part_of_glb(std::span<const uint8_t> bytes);

struct ObjFiles {
  std::string obj, mtl;
};
/// The OBJ refers to `name`.mtl and that to `name`.png. In millimetres, which a comment says (neither format has a unit; slicers and CAD take millimetres), or
/// in metres as earlier works.
ObjFiles encode_obj(const TexturedMesh& mesh, const std::string& name, bool millimetres = true);
/// Binary little-endian PLY with normals and texture coordinates; units as for OBJ.
Bytes encode_ply(const TexturedMesh& mesh, bool millimetres = true);
/// Binary STL in millimetres (the convention of printers), its axes as they are.
Bytes encode_stl(const Mesh& mesh);

}  // namespace ptah
