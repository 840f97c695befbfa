// Between model tensors and pictures.
#pragma once

#include "media/picture.h"
#include "tensor/tensor.h"

namespace ptah {

/// One premultiplied RGBA sample in [−1, 1] (f32 [h, w, 4] or [1, h, w, 4]) → straight-alpha sRGB; values are clamped, alpha under 2/255
/// becomes fully transparent black.
Picture to_picture(const Tensor& sample);

/// The inverse, fitted: the picture centred in a square of `size` pixels (Lanczos), transparent around. f32 [1, size, size, 4].
Tensor to_sample(const Picture& picture, int64_t size);

/// Pictures [n, h, w, 4] side by side on a white ground, `columns` to a row.
Picture contact_sheet(const Tensor& samples, int64_t columns);

}  // namespace ptah
