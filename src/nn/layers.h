// Layers as plain structs bound to weights by name. Weights may be f32 (training), bf16 or f16; results have x's dtype.
#pragma once

#include <memory>

#include "nn/weights.h"
#include "tensor/ops.h"

namespace ptah {

/// What a low-rank adapter adds to a linear layer: scale · up · (down · x) (Hu et al. 2021, "LoRA").
struct LowRank {
  Tensor down, up;  ///< [rank, in], [out, rank]
  float scale = 1;
  Tensor operator()(const Tensor& x) const { return affine(linear(linear(x, down), up), scale); }
};

struct Linear {
  Tensor weight, bias;                               ///< [out, in], [out]
  std::shared_ptr<const LowRank> adapter = nullptr;  ///< nn/lora.h

  Linear() = default;
  /// scale 0 begins at zero.
  Linear(const Scope& scope, int64_t in, int64_t out, bool with_bias = true, float scale = 1);
  /// x [.., in] → [.., out]
  Tensor operator()(const Tensor& x, Activation activation = Activation::none, const Tensor& residual = {}) const {
    if (adapter) return adapted(x, activation, residual);
    return linear(x, weight, {.bias = bias, .activation = activation, .residual = residual});
  }
  bool defined() const { return weight.defined(); }

 private:
  Tensor adapted(const Tensor& x, Activation activation, const Tensor& residual) const;
};

/// Layer norm, or RMS norm, over the innermost axis.
struct Norm {
  NormArgs args;
  bool centred = false;  ///< layer norm

  Norm() = default;
  /// `weight` and, of a layer norm, `bias`, both [width].
  Norm(const Scope& scope, int64_t width, bool layer_norm, float eps = 1e-5F);
  bool defined() const { return args.weight.defined(); }
  Tensor operator()(const Tensor& x) const { return centred ? layer_norm(x, args) : rms_norm(x, args); }
};

struct Conv2d {
  Tensor weight, bias;  ///< [out, in, k, k], [out]
  int64_t stride = 1, padding = 0;
  bool wraps = false;  ///< beyond an edge lies the opposite one, instead of zeros

  Conv2d() = default;
  /// Padding keeps the size at stride 1.
  Conv2d(const Scope& scope, int64_t in, int64_t out, int64_t kernel, int64_t stride = 1, float scale = 1, bool with_bias = true);
  /// x [n, h, w, in] → [n, h / stride, w / stride, out]
  Tensor operator()(const Tensor& x, const Tensor& residual = {}) const;
};

/// Biases and norm parameters as the kernels want them.
Tensor f32_parameter(const Scope& scope, const std::string& name, const Shape& shape, Init init);

/// Rows of length 1: x f32 [n, width] → [n, width].
Tensor of_length_one(const Tensor& x);

/// Which half of sinusoids() comes first, and how much shorter than half the range of their frequencies is.
struct SinusoidOrder {
  bool cosine_first = true;
  double shift = 0;
};
/// cos and sin of scale · x · 10000^(−i / (half − shift)), half = width / 2: x f32 [n] → f32 [n, width] (Vaswani et al. 2017).
Tensor sinusoids(const Tensor& x, int64_t width, double scale = 1, const SinusoidOrder& order = {});

}  // namespace ptah
