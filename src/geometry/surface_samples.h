// Points on the surface of a mesh.
#pragma once

#include "geometry/mesh.h"

namespace ptah {

struct SurfaceSamples {
  std::vector<Vec3> positions, normals;  ///< normals of the faces, counter-clockwise outside
  std::vector<uint32_t> triangles;       ///< the triangle that each lies on
  std::vector<Vec3> weights;             ///< of its three corners; they sum to 1
};
/// `count` points, as many on each square metre: one in each of `count` equal shares of the area, so that every number of them covers the surface evenly. The
/// same for the same seed. None for a mesh without area.
SurfaceSamples sample_surface(const Mesh& mesh, size_t count, uint64_t seed);

}  // namespace ptah
