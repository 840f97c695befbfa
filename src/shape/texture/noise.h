// Noise in space, the same on every processor.
#pragma once

#include "geometry/mesh.h"

namespace ptah::texture {

/// A hash of a cell of the integer lattice, 0 to 1.
float cell_value(int32_t x, int32_t y, int32_t z, uint32_t seed);

/// Gradient noise (Perlin 2002), about -1 to 1, 0 in the mean; features have a size of about 1.
float noise(const Vec3& p, uint32_t seed = 0);

/// Octaves of it, each twice as fine and half as strong. Those finer than `footprint` fade out.
float fractal(const Vec3& p, int octaves, float footprint = 0, uint32_t seed = 0);

/// Points scattered one to a cell (Worley 1996): distances to the nearest and to the second, and a number of the nearest, 0 to 1.
struct Cells {
  float first = 0, second = 0, id = 0;
};
Cells cells(const Vec3& p, uint32_t seed = 0);

}  // namespace ptah::texture
