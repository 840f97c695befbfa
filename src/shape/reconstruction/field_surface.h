// The surface of a field: where its density crosses a threshold.
#pragma once

#include "base/progress.h"
#include "geometry/isosurface.h"
#include "shape/reconstruction/triplane_field.h"

namespace ptah {

/// Numbers at points, positive inside. Called with up to `kSurfaceBatch` points at a time; the result has as many numbers.
using LevelAt = std::function<std::vector<float>(std::span<const Vec3> points)>;
inline constexpr size_t kSurfaceBatch = size_t{1} << 16;

struct SurfaceGrid {
  Grid grid;              ///< `resolution` points an edge; the outermost are outside, so that the surface is closed
  int64_t evaluated = 0;  ///< points that were asked for
};

/// Levels on a grid of `resolution` points an edge over the cube from −radius to radius, only where the surface can be: first every fourth point, then blocks
/// of 4³ cells whose corners differ, then every block that the surface enters through a face of one that is known. The rest gets the sign of its corners.
/// So the surface is what all points would give, but for pieces that touch no coarse point and hang together with nothing that does: what is thinner than four
/// cells and stands alone may be missed. Numbers that are none count as outside. The same for any number of threads.
/// Errors: invalid_argument (a resolution outside 16 to 512), cancelled.
Result<SurfaceGrid> surface_grid(const LevelAt& level, float radius, int64_t resolution, const ProgressCallback& progress = {},
                                 const CancelToken* cancel = nullptr);

/// Density that counts as inside, as in the public code.
inline constexpr float kSurfaceDensity = 25;

/// The surface of a field, closed and oriented, in the axes of meshes and units of the field. Between points of the grid the number before the density's
/// activation is taken as linear. Errors: as surface_grid; invalid_argument where the field has no surface.
Result<Mesh> field_surface(const TriplaneField& field, int64_t resolution, const ProgressCallback& progress = {}, const CancelToken* cancel = nullptr);

}  // namespace ptah
