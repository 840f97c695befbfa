// The signed distance to a closed mesh.
#pragma once

#include "geometry/field/field.h"

namespace ptah {

/// The exact distance to the surface of a closed, oriented mesh, negative inside. The gradient is that of the distance: away from the nearest point, on the
/// surface the angle-weighted normal there, whose side also gives the sign (Bærentzen and Aanæs, "Signed Distance Computation Using the Angle Weighted
/// Pseudonormal", 2005). Of shells that overlap, the nearest surface decides.
class MeshDistance {
 public:
  explicit MeshDistance(const Mesh& mesh);
  FieldSample at(const Vec3& point) const;

 private:
  struct Corner {
    std::array<double, 3> position{}, normal{};
  };
  struct Face {
    std::array<uint32_t, 3> corner{};
    std::array<std::array<double, 3>, 3> edge_normal{};  ///< of the edge from each corner to the next
    std::array<double, 3> normal{};
  };
  std::vector<Corner> corners_;
  std::vector<Face> faces_;
  Bvh tree_;
};

}  // namespace ptah
