// Where the vertex of a piece of surface in a cell lies.
#pragma once

#include <span>

#include "geometry/mesh.h"

namespace ptah::detail {

/// Where the surface crosses an edge of a cell.
struct Crossing {
  Vec3 point, normal;
};

/// What the planes of some crossings have in common.
struct CellFit {
  Vec3 point;    ///< nearest to all planes; along directions that these leave open, nearest to the anchor
  Vec3 normal;   ///< mean
  Vec3 along;    ///< of the edge, for rank 2
  int rank = 1;  ///< 1 on a smooth piece (the point is the anchor), 2 on an edge, 3 at a corner
};
CellFit fit_cell(std::span<const Crossing> crossings, const Vec3& anchor);

}  // namespace ptah::detail
