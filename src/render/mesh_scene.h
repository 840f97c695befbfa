// Scenes of mesh files as what is rendered.
#pragma once

#include "media/mesh_scene.h"
#include "render/scene.h"

namespace ptah {

/// Materials with their textures decoded. Occlusion is left out: renderers find it themselves. Errors: those of decode_image.
Result<RenderScene> render_scene(const MeshScene& scene);

}  // namespace ptah
