// The transfer curve of sRGB (IEC 61966-2-1), which glTF's colour factors and pictures are joined by.
#pragma once

#include <cmath>

namespace ptah {

/// Linear light of an sRGB value, both 0 to 1.
inline float linear_of(float srgb) { return srgb <= 0.04045F ? srgb / 12.92F : std::pow((srgb + 0.055F) / 1.055F, 2.4F); }
/// And back.
inline float srgb_of(float linear) { return linear <= 0.0031308F ? 12.92F * linear : 1.055F * std::pow(linear, 1 / 2.4F) - 0.055F; }

}  // namespace ptah
