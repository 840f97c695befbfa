// The autoencoder's loss.
#pragma once

#include "tensor/tensor.h"

namespace ptah {

/// Mean |d| + mean d² + the sum over three scales (halved by averaging) of the means of |horizontal| and |vertical| differences of d,
/// with d = made − target; f32 [n, h, w, c] each, h and w divisible by 4. Scalar f32; the gradient flows to `made`.
Tensor picture_loss(const Tensor& made, const Tensor& target);

}  // namespace ptah
