// What of an image shows the object: background removal.
#pragma once

#include <cstdint>
#include <vector>

#include "media/image.h"

namespace ptah {

/// Empty pixels round a mask.
inline constexpr int64_t kMaskMargin = 2;

/// Coverage of the object on a square grid, 0 to 1, rows from the top; kMaskMargin empty pixels all round.
struct Mask {
  int64_t size = 0;
  std::vector<float> cover;
  float at(int64_t x, int64_t y) const { return cover[static_cast<size_t>(y * size + x)]; }
  float& at(int64_t x, int64_t y) { return cover[static_cast<size_t>(y * size + x)]; }
};

/// The alpha channel at `size` pixels, or for an opaque picture what the least cut parts from its border's colours in Lab (enclosed parts in those colours
/// belong to the object). Components under 1 % of the object and holes under 0.3 % go. Under 2 % or over 98 % foreground: a rounded slab of the whole picture.
/// `slab_if_faint`: see InflateRequest.
Mask object_mask(const Image& picture, int64_t size, bool slab_if_faint = true);

/// The share of a picture's border that has one colour: how many of its pixels are within 10 units of CIE Lab from the median of each channel.
double border_plainness(const Image& picture);

/// An opaque picture with an alpha channel that leaves out what is reached from its border through the border's colour (as object_mask does); a picture that
/// has transparency already comes back as it is.
Image cut_out(const Image& picture);

}  // namespace ptah
