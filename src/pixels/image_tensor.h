// Between model tensors and pictures: every conversion of a whole picture is here.
#pragma once

#include "media/image.h"
#include "tensor/tensor.h"

namespace ptah {

/// One premultiplied RGBA sample in [−1, 1] (f32 [h, w, 4] or [1, h, w, 4]) → straight-alpha sRGB; values are clamped, alpha under 2/255
/// becomes fully transparent black.
Image to_image(const Tensor& sample);

/// The inverse: f32 [1, h, w, 4].
Tensor premultiplied(const Image& picture);

/// One pixel of it: straight-alpha sRGB → four premultiplied numbers in [−1, 1].
inline void premultiply(const uint8_t* rgba, float* to) {
  const float alpha = static_cast<float>(rgba[3]) / 255;
  for (int c = 0; c < 3; ++c) to[c] = static_cast<float>(rgba[c]) / 255 * alpha * 2 - 1;
  to[3] = alpha * 2 - 1;
}

/// The inverse, fitted: the picture centred in a square of `size` pixels (Lanczos), transparent around. f32 [1, size, size, 4].
Tensor to_sample(const Image& picture, int64_t size);

/// RGB samples in [−1, 1] (f32 [1, h, w, 3]) → an opaque picture; values are clamped, what is no number becomes black.
Image to_opaque_image(const Tensor& rgb);

/// The inverse: the colours on a white background, f32 [1, h, w, 3].
Tensor rgb_on_white(const Image& picture);

/// Pictures [n, h, w, 4] side by side on a white background, `columns` to a row.
Image contact_sheet(const Tensor& samples, int64_t columns);

}  // namespace ptah
