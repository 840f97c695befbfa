// Small matrix products on blocks that lie in cache: the inner kernels of attention. C[m, n] (+)= A[m, k] · B[k, n], all extents
// multiples of 32 (the finer units of a kernel's gemm are its own), B in the kernel's packed order. Three forms: AMX tiles, AVX512-BF16 dot products, and f32
// over Highway.
#pragma once

#include <cstdint>

#include "tensor/dtype.h"

namespace ptah::detail {

/// Kernels for block elements of type T (bf16 or float).
template <class T>
struct TileKernels {
  /// Packed B from rows [k][n] (row step ld).
  void (*pack)(const T* rows, int64_t ld, int64_t k, int64_t n, T* packed);
  /// Packed B from rows [n][k], i.e. B = rowsᵀ.
  void (*pack_transposed)(const T* rows, int64_t ld, int64_t k, int64_t n, T* packed);
  /// Row-major [n][k] from packed [k][n].
  void (*unpack_transposed)(const T* packed, int64_t k, int64_t n, T* rows);
  void (*gemm)(int64_t m, int64_t n, int64_t k, const T* a, int64_t lda, const T* packed, float* c, int64_t ldc, bool accumulate);
  int64_t depth_unit;   ///< k may be a multiple of this in gemm: a part of what was packed
  int64_t column_unit;  ///< n may be a multiple of this in pack and gemm
  /// Around a run of gemm calls on one thread.
  void (*begin)();
  void (*end)();
};

const TileKernels<float>& f32_tile_kernels();
/// The best bf16 kernels of this processor under the cap in force; null if it has none.
const TileKernels<bf16>* bf16_tile_kernels();

}  // namespace ptah::detail
