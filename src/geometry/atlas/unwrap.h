// UV unwrap: any triangle mesh into charts in the plane, packed into a square.
#pragma once

#include "base/progress.h"
#include "geometry/mesh.h"

namespace ptah {

struct UnwrapOptions {
  int64_t resolution = 1024;         ///< texels of the square's edge that the margin is counted in, 16 to 16384
  int64_t margin = 4;                ///< texels between charts, at least
  double max_stretch = 1.1;          ///< L2 stretch (Sander et al. 2001) that a chart may have; 1 is isometric
  bool join_equal_positions = true;  ///< vertices at one place are one, as files for drawing have them split
};

/// Texture coordinates of a mesh: a list of its own, as a vertex lies at several places where a seam runs.
struct UvMap {
  std::vector<Vec2> uvs;            ///< 0 to 1, origin at the texture's upper left; no triangle is mirrored
  std::vector<Triangle> triangles;  ///< indices of uvs, for each triangle of the mesh
  std::vector<uint32_t> chart;      ///< of each triangle
  uint32_t charts = 0;
  double scale = 0;  ///< edges of the square for a unit of the surface, the same for all charts
};

/// Charts grow over faces whose normals keep together, so that they end at hard edges; are laid flat, as rigid as possible (Liu et al. 2008); split where
/// that turns triangles over or covers a place twice; and are merged while the stretch stays in bounds. Then they are turned and packed by their texels,
/// one texel for the same surface everywhere. Triangles without area lie on a point. The same for any number of threads. Errors: invalid_argument (no
/// triangle with area, indices beyond the positions, positions that are no numbers, a resolution or margin out of range), over_budget (over 4 million
/// triangles), cancelled.
Result<UvMap> unwrap(const Mesh& mesh, const UnwrapOptions& options = {}, const CancelToken* cancel = nullptr);

}  // namespace ptah
