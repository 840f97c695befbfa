// Rounding to 8 bits and back, for weights and for what meets them.
#pragma once

#include <cstdint>

#include "tensor/dtype.h"

namespace ptah::detail {

/// The largest absolute value of x (f32, bf16 or f16) [count]; 0 for none.
float largest_magnitude(DType type, const void* x, int64_t count);
/// to[i] = x[i] · factor rounded to nearest, ties to even, within −128 … 127.
void round_to_int8(DType type, const void* x, int64_t count, float factor, int8_t* to);
/// The same numbers in f32, bf16 or f16.
void dequantize_int8(const int8_t* x, int64_t count, DType type, void* to);

/// The factor that takes magnitudes up to `largest` to 127, and its inverse.
struct Int8Scale {
  float factor = 1, inverse = 1;
  explicit Int8Scale(float largest) {
    if (largest > 0) factor = 127 / largest, inverse = largest / 127;
  }
};

}  // namespace ptah::detail
