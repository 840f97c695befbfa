// Primitive solids as closed polygon meshes: quads where a surface has them, outward, standing on y = 0, centred in x and z.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "geometry/mesh.h"

namespace ptah {

/// A closed surface of triangles and quads.
struct PolygonMesh {
  std::vector<Vec3> positions;
  std::vector<std::array<uint32_t, 4>> faces;  ///< counter-clockwise from outside; a triangle repeats its third vertex

  void triangle(uint32_t a, uint32_t b, uint32_t c) { faces.push_back({a, b, c, c}); }
  void quad(uint32_t a, uint32_t b, uint32_t c, uint32_t d) { faces.push_back({a, b, c, d}); }
};
/// Each quad as two triangles, cut along its shorter diagonal.
Mesh triangulated(const PolygonMesh& mesh);

/// How finely round surfaces are approximated.
struct Fineness {
  int around = 24;  ///< segments of a full turn, at least 3
  int along = 1;    ///< parts along straight edges; more for what will be bent or twisted
};

/// Lengths in metres. Preconditions, checked by who calls: every length above 0.
PolygonMesh box_mesh(float width, float height, float depth, const Fineness& fineness = {});
/// A box whose edges and corners are rounded by `radius`, at most half of the shortest edge.
PolygonMesh rounded_box_mesh(float width, float height, float depth, float radius, const Fineness& fineness = {});
/// A body of revolution about y. The profile runs from bottom to top as (radius, height); it is closed by flat caps where it does not end on the axis. At least
/// two points, radii at least 0, of which one is above 0, and only the first and the last may be 0.
PolygonMesh lathe_mesh(std::span<const Vec2> profile, const Fineness& fineness = {});
PolygonMesh cylinder_mesh(float radius, float top_radius, float height, const Fineness& fineness = {});
PolygonMesh ellipsoid_mesh(float width, float height, float depth, const Fineness& fineness = {});
/// Lies flat. `radius` reaches to the middle of the ring, `tube` < radius.
PolygonMesh torus_mesh(float radius, float tube, const Fineness& fineness = {});
/// `height` over all, at least twice the radius.
PolygonMesh capsule_mesh(float radius, float height, const Fineness& fineness = {});
/// A ramp that rises towards the back (−z). `top` is the depth of its upper face, 0 for an edge.
PolygonMesh wedge_mesh(float width, float height, float depth, float top = 0);
/// A gable: a triangle across x, `depth` long.
PolygonMesh gable_mesh(float width, float height, float depth);
/// A prism of `sides` corners on a circle of `radius`, one corner towards +z for odd numbers, a flat side for even ones; `top` is the radius above, 0 for a
/// pyramid.
PolygonMesh prism_mesh(int sides, float radius, float top, float height, const Fineness& fineness = {});
/// An outline in the plane of x and y (either direction, no edge crosses another), `depth` along z. Errors: invalid_argument for outlines that cross
/// themselves.
Result<PolygonMesh> extrude_mesh(std::span<const Vec2> outline, float depth, const Fineness& fineness = {});
/// A tube along a path; the radius goes from `radius` to `end_radius`. A closed path is a ring. At least two points, consecutive ones apart.
PolygonMesh sweep_mesh(std::span<const Vec3> path, float radius, float end_radius, bool closed, const Fineness& fineness = {});
/// |x|^(2/e2) … : e1 from pole to pole, e2 around; 0.1 is nearly a box, 1 an ellipsoid, 2 a double cone. (Barr 1981)
PolygonMesh superquadric_mesh(float width, float height, float depth, float e1, float e2, const Fineness& fineness = {});
/// A block with an uneven top: heights on a grid of (nx + 1) × (nz + 1), rows along x, all above 0.
PolygonMesh terrain_mesh(float width, float depth, std::span<const float> heights, int nx, int nz);

/// A smooth curve through points (centripetal Catmull–Rom), `parts` a span.
std::vector<Vec3> smooth_path(std::span<const Vec3> points, bool closed, int parts);

}  // namespace ptah
