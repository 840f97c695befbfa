// Several named parts with materials as OBJ and MTL, quads kept.
#pragma once

#include "geometry/primitives.h"
#include "media/glb_scene.h"

namespace ptah {

struct ObjPart {
  std::string name;
  PolygonMesh mesh;  ///< metres, y up
  uint32_t material = 0;
};

/// A name that no reader of OBJ splits: blanks and what is special become underscores; "part" for an empty one.
std::string obj_name(const std::string& name);

/// One `o` a part, with normals that are split at edges of more than 35 degrees; the OBJ refers to `name`.mtl. In millimetres, or in metres. Errors:
/// invalid_argument for parts without faces.
Result<ObjFiles> encode_obj(const std::vector<ObjPart>& parts, const std::vector<SceneMaterial>& materials, const std::string& name, bool millimetres);

}  // namespace ptah
