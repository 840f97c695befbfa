// What the writers of splats ask of them.
#pragma once

#include <cmath>

#include "media/splat/splats.h"

namespace ptah {

inline Result<void> check_splats(const std::vector<Splat>& splats) {
  if (splats.empty()) return fail(ErrorCode::invalid_argument, "no splat to write");
  for (const Splat& s : splats) {
    float sum = s.opacity;
    for (size_t k = 0; k < 3; ++k) sum += s.at[k] + s.scale[k];
    for (const float value : s.turn) sum += value;
    for (const auto& colour : s.harmonics)
      for (const float value : colour) sum += value;
    if (!std::isfinite(sum)) return fail(ErrorCode::invalid_argument, "a splat holds a number that is not finite");
  }
  return {};
}

}  // namespace ptah
