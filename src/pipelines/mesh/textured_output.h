// The options of files for objects of one textured mesh.
#pragma once

#include "media/mesh_files.h"
#include "pipelines/mesh/export_options.h"

namespace ptah {

/// One node of its own name.
MeshScene scene_of(const TexturedMesh& mesh, const std::string& name);
/// Fewer triangles, with the seams of the texture, and the origin. Errors: as edit_scene.
Result<void> edit_mesh(TexturedMesh& mesh, const ExportOptions& options, const CancelToken* cancel = nullptr);

}  // namespace ptah
