// What texture coordinates are worth: stretch, coverage, overlaps.
#pragma once

#include "geometry/atlas/unwrap.h"

namespace ptah {

struct UvReport {
  uint32_t charts = 0;
  double stretch = 0;       ///< L2 stretch of all (Sander et al. 2001), the areas in space and in the plane scaled to be equal; 1 is isometric
  double worst = 0;         ///< L∞ stretch that 95 % of the surface stays below
  double density = 0;       ///< smallest over largest mean texels for the same surface, of the charts
  double coverage = 0;      ///< share of the square's texels whose middle lies in a triangle
  int64_t overlapping = 0;  ///< texels whose middle lies in two triangles and not on their border
  int64_t mirrored = 0;     ///< triangles that are turned over or flat in the plane, though they have an area
  double seams = 0;         ///< length of edges whose two sides lie apart, as a share of the length of all edges
};
/// At a resolution of `texels` on the edge. Errors: invalid_argument, where the two do not belong together.
Result<UvReport> measure_uv(const Mesh& mesh, const UvMap& map, int64_t texels);

}  // namespace ptah
