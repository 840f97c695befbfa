// The edges of a picture, as networks that control by edges want them.
#pragma once

#include "media/image.h"

namespace ptah {

/// White lines on black where colours change, one pixel wide (Canny 1986), as OpenCV's Canny of a colour picture with aperture 3 and L1 norms: an edge begins
/// above `high` and goes on above `low`. Transparent parts count as white. Throws Failure (over_budget) for
/// pictures of more than 14 million pixels.
Image edges_of(const Image& picture, int low = 100, int high = 200);

}  // namespace ptah
