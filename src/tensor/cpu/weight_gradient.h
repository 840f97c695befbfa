// The gradient of a linear layer's weight on tile kernels.
#pragma once

#include <cstdint>

#include "tensor/dtype.h"

namespace ptah::detail {

/// Whether there is a kernel for the processor and the shape (n and k must be multiples of 32).
bool has_tile_weight_gradient(int64_t m, int64_t n, int64_t k);

/// out[n, k] = gradᵀ · x for grad [m, n] and x [m, k], bf16 with f32 sums. Sums run over fixed chunks of m in order, so the bytes do not depend on
/// threads. Under DryRun only its scratch memory is counted. Only where has_tile_weight_gradient.
void tile_weight_gradient(const bf16* grad, const bf16* x, int64_t m, int64_t n, int64_t k, float* out);

}  // namespace ptah::detail
