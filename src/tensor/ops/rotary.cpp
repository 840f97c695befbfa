// Rotary positions (Su et al. 2021, "RoFormer"): pairs of numbers of a head turned by angles. The gradient is turned back.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/ops/rotary.cpp"
#include <hwy/foreach_target.h>

#include <cstring>

#include "base/profile.h"
#include "tensor/cpu/simd-inl.h"
#include "tensor/ops.h"

#ifndef PTAH_TENSOR_OPS_ROTARY_CALL
#define PTAH_TENSOR_OPS_ROTARY_CALL
namespace ptah {
struct RotaryCall {
  DType type;
  int64_t rows, heads, d, pairs, angle_rows;  ///< row i is turned by the angles of row i mod angle_rows
  const float *cosines, *sines;
  bool halves, back;
};
}  // namespace ptah
#endif

HWY_BEFORE_NAMESPACE();
namespace ptah::HWY_NAMESPACE {

template <class T>
HWY_INLINE void turn_halves(const T* x, T* y, int64_t pairs, const float* cosines, const float* sines, float sign) {
  for (int64_t i = 0; i < pairs; i += lanes()) {
    const int64_t n = pairs - i;
    const VF a = load_n(x + i, n), b = load_n(x + pairs + i, n), c = load_n(cosines + i, n), s = hn::Mul(splat(sign), load_n(sines + i, n));
    store_n(hn::Sub(hn::Mul(a, c), hn::Mul(b, s)), y + i, n);
    store_n(hn::Add(hn::Mul(a, s), hn::Mul(b, c)), y + pairs + i, n);
  }
}

void turn(const RotaryCall& call, const void* in, void* out) {
  with_float_type(call.type, [&](auto tag) {
    using T = decltype(tag);
    const float sign = call.back ? -1.0F : 1.0F;
    parallel_for(call.rows, call.heads * call.d, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        const float *cosines = call.cosines + row % call.angle_rows * call.pairs, *sines = call.sines + row % call.angle_rows * call.pairs;
        for (int64_t h = 0; h < call.heads; ++h) {
          const T* x = static_cast<const T*>(in) + (row * call.heads + h) * call.d;
          T* y = static_cast<T*>(out) + (row * call.heads + h) * call.d;
          if (call.halves) {
            turn_halves(x, y, call.pairs, cosines, sines, sign);
          } else {
            for (int64_t i = 0; i < call.pairs; ++i) {
              const float a = to_float(x[2 * i]), b = to_float(x[2 * i + 1]), s = sign * sines[i];
              const float turned[2] = {a * cosines[i] - b * s, a * s + b * cosines[i]};
              for (int64_t e = 0; e < 2; ++e) store_n(splat(turned[e]), y + 2 * i + e, 1);
            }
          }
          const int64_t rest = call.d - 2 * call.pairs;
          if (rest > 0) std::memcpy(static_cast<void*>(y + 2 * call.pairs), x + 2 * call.pairs, static_cast<size_t>(rest) * sizeof(T));
        }
      }
    });
  });
}

}  // namespace ptah::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ptah {

HWY_EXPORT(turn);

namespace {

Tensor turned(const Tensor& x, int64_t heads, const Tensor& cosines, const Tensor& sines, bool halves, bool back) {
  Tensor out = Tensor::empty(x.shape(), x.dtype());
  if (DryRun::active() || x.elements() == 0) return out;
  const RotaryCall call{
      x.dtype(), x.dim(0) * x.dim(1), heads, x.dim(2) / heads, cosines.dim(1), cosines.dim(0), cosines.data<float>(), sines.data<float>(), halves, back};
  HWY_DYNAMIC_DISPATCH(turn)(call, x.raw(), out.raw());
  return out;
}

}  // namespace

Tensor rotary(const Tensor& x, int64_t heads, const Tensor& cosines, const Tensor& sines, bool halves) {
  const Operation operation("rotary positions");
  PTAH_CHECK(x.rank() == 3 && is_float(x.dtype()) && heads > 0 && x.dim(2) % heads == 0, "rotary positions of {} {} in {} heads", name_of(x.dtype()),
             x.shape().str(), heads);
  PTAH_CHECK(cosines.rank() == 2 && cosines.dtype() == DType::f32 && sines.dtype() == DType::f32 && sines.shape() == cosines.shape() &&
                 2 * cosines.dim(1) <= x.dim(2) / heads && (cosines.dim(0) == x.dim(1) || cosines.dim(0) == x.dim(0) * x.dim(1)),
             "rotary positions: angles {} for {} in {} heads", cosines.shape().str(), x.shape().str(), heads);
  Tensor out = turned(x, heads, cosines, sines, halves, false);
  if (GradScope::wants({&x}))
    GradScope::record(out, {x}, [heads, cosines, sines, halves, type = x.dtype()](const Tensor& grad) {
      return std::vector{turned(cast(grad, type), heads, cosines, sines, halves, true)};
    });
  return out;
}

}  // namespace ptah
#endif
