// Files of meshes as scenes, whatever their format.
#pragma once

#include <filesystem>
#include <optional>
#include <span>

#include "media/mesh/limits.h"
#include "media/mesh/neighbour_files.h"
#include "media/mesh_scene.h"

namespace ptah {

/// A format of meshes.
struct MeshFormat {
  const char* name;       ///< as users give it: glb, gltf …
  const char* long_name;  ///< for people
  bool reads, writes;
  double metres_per_unit;  ///< what its numbers mean where nothing in the file says so
  bool z_up;               ///< else y is up
};
/// The one table of formats.
std::span<const MeshFormat> mesh_formats();
/// By name or ending ("glb", ".GLB"). Errors: invalid_argument, with the known names.
Result<const MeshFormat*> find_mesh_format(std::string_view name);

struct MeshReadOptions {
  std::optional<double> metres_per_unit;  ///< in place of what the file or its format says
  std::optional<bool> z_up;               ///< in place of the format's own
  bool all_levels = false;                ///< NAME_LOD1 and on beside NAME_LOD0, and NAME_collider, which else are left out with a note
};

/// The format of a file's content; nothing if it is none of the table.
const MeshFormat* mesh_format_of(std::span<const uint8_t> bytes);
/// A scene in metres, y up. The content decides the format, never the name. `files` gives what the file refers to; without it that is left out with a note, or
/// an error where there is no mesh without it. Errors: corrupt, unsupported, over_budget.
Result<MeshScene> decode_mesh_scene(std::span<const uint8_t> bytes, const NeighbourFiles& files, const MeshReadOptions& options = {},
                                    SceneNotes* notes = nullptr);
/// The same for a file; what it refers to is read from its folder and below. Errors: also not_found, permission, io. They name the file.
Result<MeshScene> read_mesh_scene(const std::filesystem::path& path, const MeshReadOptions& options = {}, SceneNotes* notes = nullptr);

}  // namespace ptah
