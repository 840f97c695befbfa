#include "shape/texture/noise.h"

#include <algorithm>
#include <cmath>

namespace ptah::texture {

namespace {

uint32_t hash(int32_t x, int32_t y, int32_t z, uint32_t seed) {
  uint32_t h = static_cast<uint32_t>(x) * 0x8DA6B343U ^ static_cast<uint32_t>(y) * 0xD8163841U ^ static_cast<uint32_t>(z) * 0xCB1AB31FU ^ seed * 0x9E3779B9U;
  h = (h ^ h >> 16) * 0x7FEB352DU;
  h = (h ^ h >> 15) * 0x846CA68BU;
  return h ^ h >> 16;
}

/// The lattice point below; far outside all is one cell.
int32_t below(float v) { return static_cast<int32_t>(std::floor(std::clamp(v, -1e9F, 1e9F))); }

}  // namespace

float cell_value(int32_t x, int32_t y, int32_t z, uint32_t seed) { return static_cast<float>(hash(x, y, z, seed) >> 8) * (1.0F / 16777216); }

float fractal(const Vec3& p, int octaves, float footprint, uint32_t seed) {
  float sum = 0, share = 0.5F, scale = 1;
  for (int i = 0; i < octaves; ++i, share /= 2, scale *= 2) {
    const float fade = std::clamp(2 - 3 * footprint * scale, 0.0F, 1.0F);
    if (fade <= 0) break;
    sum += share * fade * noise(p * scale + Vec3{17.3F, 5.7F, 9.1F} * static_cast<float>(i), seed);
  }
  return sum;
}

Cells cells(const Vec3& p, uint32_t seed) {
  const int32_t x = below(p[0]), y = below(p[1]), z = below(p[2]);
  Cells out{9, 9, 0};
  for (int32_t k = -1; k <= 1; ++k)
    for (int32_t j = -1; j <= 1; ++j)
      for (int32_t i = -1; i <= 1; ++i) {
        const uint32_t h = hash(x + i, y + j, z + k, seed);
        const Vec3 at{static_cast<float>(x + i) + static_cast<float>(h & 1023) / 1024, static_cast<float>(y + j) + static_cast<float>(h >> 10 & 1023) / 1024,
                      static_cast<float>(z + k) + static_cast<float>(h >> 20 & 1023) / 1024};
        const Vec3 d = at - p;
        const float square = dot(d, d);
        if (square < out.first) {
          out.second = out.first;
          out.first = square;
          out.id = static_cast<float>(hash(x + i, y + j, z + k, seed + 77) >> 8) * (1.0F / 16777216);
        } else if (square < out.second) {
          out.second = square;
        }
      }
  out.first = std::sqrt(out.first);
  out.second = std::sqrt(out.second);
  return out;
}

}  // namespace ptah::texture
