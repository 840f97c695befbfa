// Colours where equal distances look about equally large.
#pragma once

#include "media/three_mf.h"

namespace ptah {

/// Lightness 0 to 1, and the two opponent colours (Ottosson 2020, "A perceptual color space for image processing").
using Oklab = std::array<double, 3>;
Oklab oklab_of(const Colour8& srgb);
/// The inverse, opaque; what sRGB does not reach is cut off.
Colour8 srgb_of(const Oklab& colour);

}  // namespace ptah
