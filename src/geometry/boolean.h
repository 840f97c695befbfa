// Solids from solids: union, intersection, difference and any other rule over closed meshes.
#pragma once

#include <functional>
#include <span>

#include "base/progress.h"
#include "geometry/mesh.h"

namespace ptah {

/// Whether a place is in the result, from whether it is in each operand (0 or 1 an operand). Asked once for each region of space.
using InsideRule = std::function<bool(std::span<const uint8_t> inside)>;

struct BooleanOptions {
  size_t max_pairs = 20'000'000;  ///< of triangles that cut each other
  bool simplify = true;           ///< remove vertices that carry no shape, within two steps of the grid
};

struct BooleanResult {
  Mesh mesh;
  std::vector<uint32_t> source;  ///< operand that each triangle's surface comes from, the lowest where surfaces coincide
};

/// The boundary of the solid that `rule` describes over closed, oriented operands. A place is in an operand where its winding number is above zero, so an
/// operand may have several shells, which may overlap.
/// Positions are snapped to a grid of 2^19 to 2^20 steps over the longest edge of the common box; from there on all decisions are exact, so coincident faces,
/// edges and vertices are handled as such. The result is closed, two-manifold and oriented: solids that touch along an edge or at a vertex have their
/// own vertices there, a step of the grid apart. Flat regions of one source have few triangles; vertices of the operands keep their positions. No triangles if
/// nothing is inside.
/// Errors: invalid_argument (an operand is not closed or has positions that are not finite; the rule holds outside all operands), over_budget, cancelled.
Result<BooleanResult> boolean_mesh(std::span<const Mesh> operands, const InsideRule& rule, const BooleanOptions& options = {},
                                   const CancelToken* cancel = nullptr);

/// Rules: in any operand; in all; in the first and in no other.
bool in_any(std::span<const uint8_t> inside);
bool in_all(std::span<const uint8_t> inside);
bool in_first_only(std::span<const uint8_t> inside);

}  // namespace ptah
