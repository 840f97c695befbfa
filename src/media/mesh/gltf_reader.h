// glTF 2.0 as a scene: .glb, and .gltf with the files beside it.
#pragma once

#include <span>

#include "media/mesh/limits.h"
#include "media/mesh/neighbour_files.h"
#include "media/mesh_scene.h"

namespace ptah {

/// The default scene of a glTF 2.0 binary. Transforms of nodes, skins in their resting pose, quantized and sparse accessors, strips and fans are applied: the
/// meshes lie where they stand. A primitive is a mesh of its own. Normals that are missing are made. Read: materials and their textures as encoded pictures,
/// texture transforms, vertex colours, extras (without Ptah's receipt, which belongs to the bytes of that file), Draco. Left out with a note: points and lines,
/// animations, morph targets, cameras, lights, further material extensions. Errors: corrupt, unsupported (what the file requires and this does not know),
/// over_budget.
Result<MeshScene> decode_glb(std::span<const uint8_t> bytes, SceneNotes* notes = nullptr);
/// The same for the JSON form.
Result<MeshScene> decode_gltf(std::string_view json, const NeighbourFiles& files, SceneNotes* notes = nullptr);

}  // namespace ptah
