#include "nn/layers.h"

#include <cmath>

#include "base/parallel.h"

namespace ptah {

Tensor f32_parameter(const Scope& scope, const std::string& name, const Shape& shape, Init init) {
  const Tensor value = scope.weight(name, shape, init);
  return value.dtype() == DType::f32 ? value : cast(value, DType::f32);
}

Linear::Linear(const Scope& scope, int64_t in, int64_t out, bool with_bias, float scale)
    : weight(scope.weight("weight", {out, in}, scale == 0 ? Init::zeros : Init::fan_in, scale)) {
  if (with_bias) bias = f32_parameter(scope, "bias", {out}, Init::zeros);
}

Tensor Linear::adapted(const Tensor& x, Activation activation, const Tensor& residual) const {
  Tensor y = add(linear(x, weight, {.bias = bias}), (*adapter)(x));
  if (activation != Activation::none) y = activate(y, activation);
  return residual.defined() ? add(y, residual) : y;
}

Norm::Norm(const Scope& scope, int64_t width, bool layer_norm, float eps)
    : args{.weight = f32_parameter(scope, "weight", {width}, Init::ones), .eps = eps}, centred(layer_norm) {
  if (layer_norm) args.bias = f32_parameter(scope, "bias", {width}, Init::zeros);
}

Conv2d::Conv2d(const Scope& scope, int64_t in, int64_t out, int64_t kernel, int64_t step, float scale, bool with_bias)
    : weight(scope.weight("weight", {out, in, kernel, kernel}, scale == 0 ? Init::zeros : Init::fan_in, scale)), stride(step), padding(kernel / 2) {
  if (with_bias) bias = f32_parameter(scope, "bias", {out}, Init::zeros);
}

Tensor Conv2d::operator()(const Tensor& x, const Tensor& residual) const {
  if (!wraps || padding == 0) return conv2d(x, weight, {.bias = bias, .stride = stride, .padding = padding, .residual = residual});
  Tensor wide = x;
  for (const int axis : {1, 2}) {
    const int64_t size = wide.dim(axis);
    PTAH_CHECK(size >= padding, "convolution that wraps: {} pixels, {} of padding", size, padding);
    wide = concat({slice(wide, axis, size - padding, size), wide, slice(wide, axis, 0, padding)}, axis);
  }
  return conv2d(wide, weight, {.bias = bias, .stride = stride, .residual = residual});
}

Tensor of_length_one(const Tensor& x) { return div(x, sqrt(affine(sum(square(x), 1), 1, 1e-8F))); }

Tensor sinusoids(const Tensor& x, int64_t width, double scale, const SinusoidOrder& order) {
  const int64_t n = x.elements(), half = width / 2;
  Tensor out = Tensor::zeros({n, width});
  if (DryRun::active()) return out;
  for (int64_t row = 0; row < n; ++row)
    for (int64_t i = 0; i < half; ++i) {
      const double angle =
          scale * static_cast<double>(x.data<float>()[row]) * std::exp(-std::log(10000.0) * static_cast<double>(i) / (static_cast<double>(half) - order.shift));
      out.data<float>()[row * width + (order.cosine_first ? 0 : half) + i] = static_cast<float>(std::cos(angle));
      out.data<float>()[row * width + (order.cosine_first ? half : 0) + i] = static_cast<float>(std::sin(angle));
    }
  return out;
}

}  // namespace ptah
