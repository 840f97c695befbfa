// Values between the cells of a square field.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace ptah {

/// Bilinear value of an edge × edge field at (x, y), counted from the centre of the first cell; clamped at the borders.
inline float bilinear(const std::vector<float>& field, int64_t edge, float x, float y) {
  const float limit = static_cast<float>(edge - 1) - 1e-3F, cx = std::clamp(x, 0.0F, limit), cy = std::clamp(y, 0.0F, limit);
  const auto x0 = static_cast<int64_t>(cx), y0 = static_cast<int64_t>(cy);
  const float fx = cx - static_cast<float>(x0), fy = cy - static_cast<float>(y0);
  const float* at = field.data() + y0 * edge + x0;
  return (at[0] * (1 - fx) + at[1] * fx) * (1 - fy) + (at[edge] * (1 - fx) + at[edge + 1] * fx) * fy;
}

}  // namespace ptah
