// A scene that is laid out as meshes: a node for each thing, equal ones share their meshes, floor, walls, doors and windows.
#pragma once

#include "media/glb_scene.h"
#include "render/scene.h"
#include "scene/layout.h"

namespace ptah {

/// Edge of the pictures of floors and walls in works.
constexpr int64_t kSceneTexels = 1024;

/// Nodes named by the ids of things, and "floor", "wall back", "door 1", "window 1" …; the extras of a thing's node have its kind and parameters, those of a
/// wall which one it is. Lamps have lights. Metres; the origin is the middle of the floor. With `texels` (of an edge of the picture) the floor, and walls of
/// which the program says what they are, have textures. Errors: invalid_argument for materials that nobody knows.
Result<InstancedScene> build_scene(const SceneLayout& layout, const SceneProgram& program, const ScenePlaces& places, int64_t texels = 0);

/// The scene as it is drawn from a direction (degrees as of Direction): without the walls that hide the room. `all_round`: without any wall.
Result<RenderScene> render_scene(const InstancedScene& scene, float turn, bool all_round = false);
/// The same of a scene's GLB that was read back: leaves out its walls (nodes with the extras "wall") that hide the room. Others stay what they are.
void leave_out_walls(MeshScene& scene, float turn, bool all_round);

}  // namespace ptah
