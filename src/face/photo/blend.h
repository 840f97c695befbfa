// One picture set into another so that no seam is seen.
#pragma once

#include "media/image.h"

namespace ptah {

/// How much of a pixel is set in: 0 to 255, one byte a pixel, rows from the top.
struct BlendMask {
  int64_t width = 0, height = 0;
  Bytes inside;
  uint8_t at(int64_t x, int64_t y) const { return inside[static_cast<size_t>(y * width + x)]; }
};
/// The mask of a polygon's inside; its corners in pixels.
BlendMask polygon_mask(const std::vector<std::array<float, 2>>& corners, int64_t width, int64_t height);
/// Every pixel within so many of the mask's border outside is taken off it; negative: put on.
BlendMask eroded(const BlendMask& mask, int64_t pixels);

/// `over` with the mean and spread of Oklab that `under` has, both within the mask (Reinhard et al. 2001, "Color transfer between images").
Image colour_matched(const Image& over, const Image& under, const BlendMask& mask);

/// `over` set into `under` where the mask is above 127: gradients of `over` inside, colours of `under` at the border (Pérez et al. 2003, "Poisson image
/// editing"). What is solved is the difference of both, which is harmonic inside: from coarse grids to fine ones, with Gauss–Seidel steps on each (cascadic
/// multigrid, Bornemann and Deuflhard 1996). Pixels outside the mask stay as they are. Sizes have to be equal.
Image poisson_blend(const Image& over, const Image& under, const BlendMask& mask);

/// How visible a seam is: the mean gradient across the mask's border through that just inside and outside of it. About 1: no more than elsewhere.
double seam_ratio(const Image& picture, const BlendMask& mask);

}  // namespace ptah
