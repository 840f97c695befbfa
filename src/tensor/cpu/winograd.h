// Convolutions of 3 × 3 at stride 1 with 16 products where 36 were, for every 2 × 2 results: F(2 × 2, 3 × 3) of Winograd (1980; Lavin and Gray 2016). Tiles of
// 4 × 4 inputs and the kernels are transformed; between them stand 16 matrix products over the channels; their sums are transformed back.
#pragma once

#include "tensor/cpu/dense.h"

namespace ptah::detail {

/// Whether `winograd` takes this call here: bf16 where there is a panel product, input channels a multiple of 32 and outputs of 64, no activation,
/// and at least as many pixels as outputs (fewer do not pay for kernels that take 16/9 of the memory).
bool has_winograd(const ConvForward& call);
/// Bytes of the transformed kernels.
size_t winograd_bytes(const ConvShape& shape);
/// Transforms kernels f32 [out, in, 3, 3] into `packed`, bf16.
void pack_winograd(const ConvShape& shape, const float* kernels, bf16* packed);
/// The convolution. Transformed inputs and kernels are rounded to bf16, sums are kept in f32. The same bytes for any number of threads.
void winograd(const ConvForward& call, const bf16* packed);

}  // namespace ptah::detail
