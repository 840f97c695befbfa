// The picture as a model that reconstructs objects wants it.
#pragma once

#include "media/image.h"
#include "tensor/tensor.h"

namespace ptah {

/// What the object takes of the picture's edge, and the background, as in the public code.
inline constexpr double kForegroundRatio = 0.85;
inline constexpr float kBackgroundGrey = 0.5F;

/// A picture cut out of its background → RGB in [0, 1], f32 [1, size, size, 3]: the part that is not transparent, in the middle of a grey square, of which
/// its longer edge takes kForegroundRatio. Rounded to bytes before it is resized, as the public code does. Errors: invalid_argument where nothing is to be
/// seen.
Result<Tensor> prepared_picture(const Image& cut, int64_t size);

}  // namespace ptah
