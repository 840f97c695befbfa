// A triangle mesh as the unwrap sees it: which triangles go on into each other, and where a surface has to be cut.
#pragma once

#include "geometry/mesh.h"

namespace ptah::atlas {

inline constexpr uint32_t kNone = 0xFFFFFFFFU;

/// Half-edge 3t + i runs from corner i of triangle t to its next corner.
struct Surface {
  std::vector<Vec3> positions;
  std::vector<Triangle> triangles;  ///< of joined vertices
  std::vector<uint32_t> opposite;   ///< of each half-edge; kNone at borders, where more than two triangles meet, and where their sides disagree
  std::vector<Vec3> normals;        ///< of length 1; 0 for triangles without area
  std::vector<float> areas;         ///< 0 for what is too thin to be flattened
  std::vector<float> bend;          ///< of each half-edge: 1 − the cosine between its two triangles; 2 where there is one

  uint32_t start(uint32_t half) const { return triangles[half / 3][half % 3]; }
  uint32_t end(uint32_t half) const { return triangles[half / 3][(half % 3 + 1) % 3]; }
  float edge_length(uint32_t half) const { return length(positions[end(half)] - positions[start(half)]); }
};

/// Errors: invalid_argument (indices beyond the positions, positions that are no numbers).
Result<Surface> surface_of(const Mesh& mesh, bool join_equal_positions);

inline uint32_t next_half(uint32_t half) { return half % 3 == 2 ? half - 2 : half + 1; }

}  // namespace ptah::atlas
