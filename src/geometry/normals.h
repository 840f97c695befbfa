// Vertices with normals, split where a surface has an edge.
#pragma once

#include "geometry/mesh.h"

namespace ptah {

/// A mesh as it is shaded.
struct ShadedMesh {
  std::vector<Vec3> positions, normals;
  std::vector<Triangle> triangles;
};

/// Angle-weighted normals; faces that meet at more than `crease` degrees have vertices of their own, but not those round a vertex of more than 1024. The
/// triangles keep their order.
ShadedMesh shaded(const Mesh& mesh, float crease = 35);

}  // namespace ptah
