// Softmax and its logarithm over the last axis.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/ops/softmax.cpp"
#include <hwy/foreach_target.h>

#include <cmath>

#include "tensor/cpu/simd-inl.h"
#include "tensor/ops.h"

HWY_BEFORE_NAMESPACE();
namespace ptah::HWY_NAMESPACE {

void softmax_forward(DType type, const void* in, void* out, int64_t rows, int64_t d, bool logarithm) {
  with_float_type(type, [&](auto tag) {
    using T = decltype(tag);
    parallel_for(rows, d * 8, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        const T* x = static_cast<const T*>(in) + row * d;
        T* y = static_cast<T*>(out) + row * d;
        float largest = to_float(x[0]);
        int64_t i = 0;
        VF high = splat(largest);
        for (; i + lanes() <= d; i += lanes()) high = hn::Max(high, load(x + i));
        largest = max_lanes(high);
        for (; i < d; ++i) largest = largest > to_float(x[i]) ? largest : to_float(x[i]);
        if (!(largest > -INFINITY)) largest = 0;  // a row of −∞ only
        const VF top = splat(largest);
        VF total = hn::Zero(DF());
        for (i = 0; i < d; i += lanes()) {
          const auto there = hn::FirstN(DF(), static_cast<size_t>(d - i));  // all lanes when d − i is larger
          const VF inside = hn::IfThenElseZero(there, exp(hn::Sub(load_n(x + i, d - i), top)));
          total = hn::Add(total, inside);
        }
        const float sum = sum_lanes(total);
        const VF scale = splat(1.0F / sum), shift = splat(largest + std::log(sum));
        for (i = 0; i < d; i += lanes()) {
          const VF v = load_n(x + i, d - i);
          store_n(logarithm ? hn::Sub(v, shift) : hn::Mul(exp(hn::Sub(v, top)), scale), y + i, d - i);
        }
      }
    });
  });
}

/// dx = y·(g − Σ g·y), or for the logarithm g − e^y·Σ g.
void softmax_backward(DType type, const void* result, const void* grad, void* out, int64_t rows, int64_t d, bool logarithm) {
  with_float_type(type, [&](auto tag) {
    using T = decltype(tag);
    parallel_for(rows, d * 8, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        const T *y = static_cast<const T*>(result) + row * d, *g = static_cast<const T*>(grad) + row * d;
        T* dx = static_cast<T*>(out) + row * d;
        VF total = hn::Zero(DF());
        for (int64_t i = 0; i < d; i += lanes()) {
          const VF up = load_n(g + i, d - i);
          total = logarithm ? hn::Add(total, up) : hn::MulAdd(up, load_n(y + i, d - i), total);
        }
        const VF sum = splat(sum_lanes(total));
        for (int64_t i = 0; i < d; i += lanes()) {
          const VF up = load_n(g + i, d - i), v = load_n(y + i, d - i);
          store_n(logarithm ? hn::NegMulAdd(exp(v), sum, up) : hn::Mul(v, hn::Sub(up, sum)), dx + i, d - i);
        }
      }
    });
  });
}

}  // namespace ptah::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ptah {

HWY_EXPORT(softmax_forward);
HWY_EXPORT(softmax_backward);

namespace {

Tensor normalised(const Tensor& x, bool logarithm) {
  PTAH_CHECK(x.rank() >= 1 && is_float(x.dtype()), "softmax of {} {}", name_of(x.dtype()), x.shape().str());
  const int64_t d = x.dim(-1), rows = d ? x.elements() / d : 0;
  Tensor out = Tensor::empty(x.shape(), x.dtype());
  HWY_DYNAMIC_DISPATCH(softmax_forward)(x.dtype(), x.raw(), out.raw(), rows, d, logarithm);
  if (GradScope::wants({&x}))
    GradScope::record(out, {x}, [y = out.detach(), rows, d, logarithm](const Tensor& grad) {
      const Tensor g = cast(grad, y.dtype());
      Tensor dx = Tensor::empty(y.shape(), y.dtype());
      HWY_DYNAMIC_DISPATCH(softmax_backward)(y.dtype(), y.raw(), g.raw(), dx.raw(), rows, d, logarithm);
      return std::vector{dx};
    });
  return out;
}

}  // namespace

Tensor softmax(const Tensor& x) { return normalised(x, false); }
Tensor log_softmax(const Tensor& x) { return normalised(x, true); }

}  // namespace ptah
#endif
