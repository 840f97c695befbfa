// The noise modifier: bumps and dents on a part.
#pragma once

#include "shape/program/values.h"

namespace ptah {

struct SurfaceNoise {
  float height = 0;   ///< no place of the surface moves farther, metres
  float scale = 0;    ///< about the size of a bump, metres
  uint32_t seed = 1;  ///< another number: other bumps
  int cells = 0;      ///< along the longest edge; 0: by the scale, the size and the detail
};
/// Of a part: the finest cells.
constexpr int kMaxNoiseCells = 128;

/// Moves the surface of a part in and out; its lowest point stays as high as it was. Throws Failure (invalid_argument).
void roughen(PolygonMesh& mesh, const SurfaceNoise& noise, float detail, int line);

}  // namespace ptah
