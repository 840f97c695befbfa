// Guided filtering (He, Sun and Tang, "Guided Image Filtering", 2013, and "Fast Guided Filter", 2015): coverage that was found at a small size follows the
// edges of the picture at its full one.
#pragma once

#include <vector>

#include "media/image.h"

namespace ptah {

/// Coverage in [0, 1] on a grid of `width` × `height`, rows from the top.
struct Coverage {
  int64_t width = 0, height = 0;
  std::vector<float> values;
};

/// The coverage at the picture's size. In squares of 2·radius + 1 cells of the small grid it is a linear function of the picture's colours, which the picture's
/// own pixels are then put into. `epsilon`: the variance of colours (of 0 to 1) from which on an edge is followed. Errors: none; `small` may be of any size.
Coverage refined(const Coverage& small, const Image& picture, int64_t radius, float epsilon);

}  // namespace ptah
