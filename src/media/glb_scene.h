// Several named meshes with materials as one glTF 2.0 binary.
#pragma once

#include <functional>
#include <string>

#include "base/error.h"
#include "media/mesh_files.h"
#include "media/mesh_scene.h"
#include "media/srgb.h"

namespace ptah {

using GlbScene = MeshScene;

/// Makes the extras of a scene's GLB (a JSON object as text) from its binary chunk and from its JSON without them.
using SceneExtras = std::function<Result<std::string>(std::span<const uint8_t> body, const std::string& document)>;
/// Extras that are made here go to asset.extras, in place of the scene's own. Polygons are written as their triangles. The same scene gives the same bytes.
/// Errors: invalid_argument for a scene without meshes or with an incomplete one.
Result<Bytes> encode_glb(const GlbScene& scene, const SceneExtras& extras = {});
/// The JSON of a GLB without asset.extras.ptah, as SceneExtras got it. Errors: corrupt.
Result<std::string> scene_document(std::span<const uint8_t> glb);

}  // namespace ptah
