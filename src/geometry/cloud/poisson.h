// Surfaces of point clouds.
#pragma once

#include "base/progress.h"
#include "geometry/mesh.h"

namespace ptah {

struct PoissonOptions {
  int cells = 128;      ///< of the grid, along the longest edge of the cloud, 16 to 512
  float screening = 4;  ///< how strongly the surface is drawn to the points; 0: not at all
};

/// A closed surface through points with normals that point outwards (of any length above 0): the level ½ of a function that is 1 inside and 0 outside, whose
/// gradient is the normals' and whose value at the points is ½ (Kazhdan and Hoppe, "Screened Poisson Surface Reconstruction", 2013), on a regular grid, solved
/// by conjugate gradients with a multigrid preconditioner. Each point counts for the area that it stands for among its neighbours, so that density does not
/// matter. Holes are closed. Two-manifold; the same bytes for any number of threads.
/// Errors: invalid_argument (fewer than ten points, no extent, options out of range), cancelled.
Result<Mesh> poisson_surface(const std::vector<Vec3>& points, const std::vector<Vec3>& normals, const PoissonOptions& options = {},
                             const CancelToken* cancel = nullptr);

}  // namespace ptah
