// Convolutions of 3 × 3 at stride 1 with 16 products where 36 were, for every 2 × 2 results: F(2 × 2, 3 × 3) of Winograd (1980; Lavin and Gray 2016). Tiles of
// 4 × 4 inputs and the kernels are transformed; between them stand 16 matrix products over the channels; their sums are transformed back.
#pragma once

#include "tensor/cpu/dense.h"

namespace ptah::detail {

/// Whether `winograd` takes this call here: f32, or bf16 where there is a panel product; input channels a multiple of 32 and outputs of 64, no activation, and
/// at least as many pixels as outputs (fewer do not pay for kernels that take 16/9 of the memory).
bool has_winograd(const ConvForward& call);
/// Bytes of the transformed kernels.
size_t winograd_bytes(const ConvForward& call);
/// Transforms kernels f32 [out, in, 3, 3] into `packed`, of the call's dtype.
void pack_winograd(const ConvForward& call, const float* kernels, void* packed);
/// The convolution. In bf16 transformed inputs and kernels are rounded; sums are kept in f32. The same bytes for any number of threads, and for a picture alone
/// or among others.
void winograd(const ConvForward& call, const void* packed);

}  // namespace ptah::detail
