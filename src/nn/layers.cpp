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

Conv2d::Conv2d(const Scope& scope, int64_t in, int64_t out, int64_t kernel, int64_t step, float scale)
    : weight(scope.weight("weight", {out, in, kernel, kernel}, scale == 0 ? Init::zeros : Init::fan_in, scale)),
      bias(f32_parameter(scope, "bias", {out}, Init::zeros)),
      stride(step),
      padding(kernel / 2) {}

Tensor time_features(const Tensor& t, int64_t width) {
  const int64_t batch = t.elements(), half = width / 2;
  Tensor out = Tensor::empty({batch, width});
  if (DryRun::active()) return out;
  for (int64_t b = 0; b < batch; ++b)
    for (int64_t i = 0; i < half; ++i) {
      const double angle = 1000.0 * t.data<float>()[b] * std::exp(-std::log(10000.0) * static_cast<double>(i) / static_cast<double>(half));
      out.data<float>()[b * width + i] = static_cast<float>(std::cos(angle));
      out.data<float>()[b * width + half + i] = static_cast<float>(std::sin(angle));
    }
  return out;
}

}  // namespace ptah
