// Layers as plain structs bound to weights by name. Weights may be f32 (training), bf16 or f16; results have x's dtype.
#pragma once

#include "nn/weights.h"
#include "tensor/ops.h"

namespace ptah {

struct Linear {
  Tensor weight, bias;  ///< [out, in], [out]

  Linear() = default;
  /// scale 0 begins at zero.
  Linear(const Scope& scope, int64_t in, int64_t out, bool with_bias = true, float scale = 1);
  /// x [.., in] → [.., out]
  Tensor operator()(const Tensor& x, Activation activation = Activation::none, const Tensor& residual = {}) const {
    return linear(x, weight, {.bias = bias, .activation = activation, .residual = residual});
  }
};

struct Conv2d {
  Tensor weight, bias;  ///< [out, in, k, k], [out]
  int64_t stride = 1, padding = 0;

  Conv2d() = default;
  /// Padding keeps the size at stride 1.
  Conv2d(const Scope& scope, int64_t in, int64_t out, int64_t kernel, int64_t stride = 1, float scale = 1);
  /// x [n, h, w, in] → [n, h / stride, w / stride, out]
  Tensor operator()(const Tensor& x, const Tensor& residual = {}) const {
    return conv2d(x, weight, {.bias = bias, .stride = stride, .padding = padding, .residual = residual});
  }
};

/// Biases and norm parameters as the kernels want them.
Tensor f32_parameter(const Scope& scope, const std::string& name, const Shape& shape, Init init);

/// Sinusoidal features of t in [0, 1], [batch] f32 → [batch, width] f32 (Vaswani et al. 2017, frequencies 1 … 10⁻⁴ of 1000·t).
Tensor time_features(const Tensor& t, int64_t width);

}  // namespace ptah
