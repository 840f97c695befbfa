// Fewer triangles, smoother surfaces.
#pragma once

#include "geometry/mesh.h"

namespace ptah {

/// Quadric-error edge collapse (Garland and Heckbert 1997) down to about `target` triangles; collapses that would change the topology (link
/// condition) or turn a triangle over are left out.
Mesh decimate(const Mesh& mesh, size_t target);

/// Taubin smoothing (1995): `rounds` pairs of steps with factors 0.5 and −0.53.
void smooth(Mesh& mesh, int rounds);

}  // namespace ptah
