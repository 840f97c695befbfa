// Scenes made ready for games: fewer triangles, levels of detail, colliders, quads, an origin, parts.
#pragma once

#include "base/progress.h"
#include "media/mesh_scene.h"

namespace ptah {

/// Where the origin comes to lie: where it is, at the middle of the underside of the box around all, or at the middle of that box.
enum class Pivot : uint8_t { keep, base, centre };
/// What has to be added to positions for it.
Vec3 pivot_shift(const Vec3& low, const Vec3& high, Pivot pivot);
void move_scene(MeshScene& scene, const Vec3& by);

size_t triangle_count(const MeshScene& scene);

/// At most `target` triangles in all, by simplify(): nodes, the borders of materials, the seams of textures and colours, and closedness stay. Texture
/// coordinates and colours are those of the nearest point of the surface as it was, normals are computed again with edges of more than 35 degrees. Returns how
/// many triangles there are now: more than `target` where no more can go. Errors: invalid_argument (a scene without triangles), cancelled.
Result<size_t> reduce_scene(MeshScene& scene, size_t target, const CancelToken* cancel = nullptr);

constexpr int kLevels = 4;
/// The scene as NAME_LOD0 and, below it, NAME_LOD1 to NAME_LOD3 of at most half as many triangles each. Returns the triangles of each level.
Result<std::array<size_t, kLevels>> add_levels(MeshScene& scene, const std::string& name, const CancelToken* cancel = nullptr);

/// What stands for the object in a simulation.
enum class Collider : uint8_t { none, box, hull };
/// A node `name`_collider with the box around all that stands in the scene, or with its convex hull, in a material that cannot be seen. Errors: as
/// convex_hull().
Result<void> add_collider(MeshScene& scene, const std::string& name, Collider collider, const CancelToken* cancel = nullptr);

/// Pairs of triangles as quads, by paired(), in meshes that have no polygons.
void make_quads(MeshScene& scene);

/// Each body of a node that is not connected to the others becomes a node of its own, "NAME 1" and on; bodies are told apart by the places of their vertices.
void separate_bodies(MeshScene& scene);

}  // namespace ptah
