// How often a surface goes round a point.
#pragma once

#include "geometry/bvh.h"

namespace ptah {

/// The generalised winding number (Jacobson, Kavan and Sorkine-Hornung 2013): 1 inside of a closed surface, 0 outside, 2 where two solids overlap, and between
/// them near what is open. Far triangles count together as one dipole (Barill et al. 2018); the error is below 0.02.
class WindingNumber {
 public:
  explicit WindingNumber(const Mesh& mesh);
  double at(const Vec3& point) const;
  /// By half a turn, whichever way the triangles face; nothing outside of the mesh's box is inside.
  bool inside(const Vec3& point) const;

 private:
  struct Node {
    std::array<double, 3> centre{}, dipole{};  ///< of the area; the sum of the triangles' normals times their areas
    double radius = 0;
    uint32_t first = 0, count = 0;  ///< triangles of a leaf; else the first of two children, and 0
  };
  void build(uint32_t node, uint32_t begin, uint32_t end);

  std::vector<Node> nodes_;
  std::vector<std::array<Vec3, 3>> triangles_;
  Box box_;
};

}  // namespace ptah
