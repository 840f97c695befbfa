// What a mask says: white is redrawn, black and transparent stay.
#pragma once

#include "media/image.h"
#include "tensor/tensor.h"

namespace ptah {

/// How much of a pixel is redrawn: its luminance times its alpha, of the numbers as they lie in the file (not linear light).
enum class MaskRule {
  rec601 = 1,  ///< 0.299 R + 0.587 G + 0.114 B: pictures of `paint` before version 0.2
  rec709 = 2,  ///< 0.2126 R + 0.7152 G + 0.0722 B, the primaries of sRGB: everything since
};

/// f32 [1, h, w, 1] in 0 … 1.
Tensor mask_share(const Image& mask, MaskRule rule = MaskRule::rec709);

/// The same by Rec. 709, fitted into a square of `size` pixels as to_sample() fits the picture: f32 [1, size, size, 1].
Tensor fitted_mask_share(const Image& mask, int64_t size);

}  // namespace ptah
