// Normals of point clouds.
#pragma once

#include "base/progress.h"
#include "geometry/mesh.h"

namespace ptah {

/// A unit normal for each point, of the plane through its `neighbours` nearest points; turned outwards from the highest point of each connected part to its
/// neighbours, where the surface turns least first (Hoppe, DeRose, Duchamp, McDonald and Stuetzle, "Surface Reconstruction from Unorganized Points", 1992).
/// Errors: cancelled.
Result<std::vector<Vec3>> cloud_normals(const std::vector<Vec3>& points, size_t neighbours = 16, const CancelToken* cancel = nullptr);

}  // namespace ptah
