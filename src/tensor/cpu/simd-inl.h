// Loads, stores and elementary functions for the kernels, for whichever instruction set Highway compiles at the moment.
// Included once per target by the files that hold kernels.
#if defined(PTAH_TENSOR_CPU_SIMD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PTAH_TENSOR_CPU_SIMD_INL_H_
#undef PTAH_TENSOR_CPU_SIMD_INL_H_
#else
#define PTAH_TENSOR_CPU_SIMD_INL_H_
#endif

#include <hwy/highway.h>

#include "base/parallel.h"
#include "tensor/cpu/arithmetic.h"
#include "tensor/dtype.h"

HWY_BEFORE_NAMESPACE();
namespace ptah::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using DF = hn::ScalableTag<float>;
constexpr int kMaxLanes = 16;  // 512-bit vectors are the widest in use
using VF = hn::Vec<DF>;
using DI = hn::RebindToSigned<DF>;
using DU = hn::RebindToUnsigned<DF>;
using D16 = hn::Rebind<uint16_t, DF>;
using D8 = hn::Rebind<int8_t, DF>;

HWY_INLINE int64_t lanes() { return static_cast<int64_t>(hn::Lanes(DF())); }
HWY_INLINE VF splat(float value) { return hn::Set(DF(), value); }

HWY_INLINE VF load(const float* from) { return hn::LoadU(DF(), from); }
HWY_INLINE VF load(const bf16* from) {
  const auto half = hn::LoadU(D16(), reinterpret_cast<const uint16_t*>(from));
  return hn::BitCast(DF(), hn::ShiftLeft<16>(hn::PromoteTo(DU(), half)));
}
HWY_INLINE VF load(const f16* from) {
  const hn::Rebind<hwy::float16_t, DF> half;
  return hn::PromoteTo(DF(), hn::BitCast(half, hn::LoadU(D16(), reinterpret_cast<const uint16_t*>(from))));
}

HWY_INLINE VF load(const int8_t* from) { return hn::ConvertTo(DF(), hn::PromoteTo(DI(), hn::LoadU(D8(), from))); }

HWY_INLINE void store(VF value, float* to) { hn::StoreU(value, DF(), to); }
/// The bits of bf16 numbers in the lower halves of the lanes.
HWY_INLINE hn::Vec<DU> bf16_bits(VF value) {
  const DU du;
  const auto bits = hn::BitCast(du, value);
  const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(du, 1));
  const auto rounded = hn::ShiftRight<16>(hn::Add(hn::Add(bits, hn::Set(du, 0x7FFF)), odd));
  const auto quiet = hn::Or(hn::ShiftRight<16>(bits), hn::Set(du, 0x40));
  return hn::IfThenElse(hn::RebindMask(du, hn::IsNaN(value)), quiet, rounded);
}
HWY_INLINE void store(VF value, bf16* to) { hn::StoreU(hn::DemoteTo(D16(), hn::BitCast(DI(), bf16_bits(value))), D16(), reinterpret_cast<uint16_t*>(to)); }
HWY_INLINE void store(VF value, f16* to) {
  HWY_ALIGN float wide[kMaxLanes];
  hn::Store(value, DF(), wide);
  for (int64_t i = 0; i < lanes(); ++i) to[i] = to_f16(wide[i]);
}

/// Rounded to nearest, ties to even, within −128 … 127.
HWY_INLINE void store(VF value, int8_t* to) { hn::StoreU(hn::DemoteTo(D8(), hn::NearestInt(value)), D8(), to); }

/// The first `count` lanes from memory, zero beyond.
template <class T>
HWY_INLINE VF load_n(const T* from, int64_t count) {
  if (count >= lanes()) return load(from);
  T buffer[kMaxLanes] = {};
  for (int64_t i = 0; i < count; ++i) buffer[i] = from[i];
  return load(buffer);
}
template <class T>
HWY_INLINE void store_n(VF value, T* to, int64_t count) {
  if (count >= lanes()) return store(value, to);
  T buffer[kMaxLanes];
  store(value, buffer);
  for (int64_t i = 0; i < count; ++i) to[i] = buffer[i];
}

constexpr int64_t kChunk = 8192;

/// Calls f(first, last) for chunks of kChunk numbers of `count`, in parallel; `cost` as parallel_for's, of a number.
template <class F>
void in_chunks(int64_t count, int64_t cost, const F& f) {
  parallel_for((count + kChunk - 1) / kChunk, kChunk * cost, [&](int64_t begin, int64_t end) {
    for (int64_t first = begin * kChunk; first < end * kChunk; first += kChunk) f(first, first + kChunk < count ? first + kChunk : count);
  });
}

/// e^x to about 2 units in the last place (Cody–Waite reduction, polynomial of degree 6).
HWY_INLINE VF exp(VF x) {
  const DF df;
  const DI di;
  x = hn::Min(hn::Max(x, splat(-87.3F)), splat(88.3F));
  const VF whole = hn::Round(hn::Mul(x, splat(1.44269504088896341F)));
  VF r = hn::NegMulAdd(whole, splat(0.693359375F), x);
  r = hn::NegMulAdd(whole, splat(-2.12194440e-4F), r);
  VF p = splat(1.9875691500e-4F);
  p = hn::MulAdd(p, r, splat(1.3981999507e-3F));
  p = hn::MulAdd(p, r, splat(8.3334519073e-3F));
  p = hn::MulAdd(p, r, splat(4.1665795894e-2F));
  p = hn::MulAdd(p, r, splat(1.6666665459e-1F));
  p = hn::MulAdd(p, r, splat(5.0000001201e-1F));
  p = hn::MulAdd(p, hn::Mul(r, r), hn::Add(r, splat(1.0F)));
  const auto scale = hn::ShiftLeft<23>(hn::Add(hn::ConvertTo(di, whole), hn::Set(di, 127)));
  return hn::Mul(p, hn::BitCast(df, scale));
}

/// 1 / d for d of at least 1, to about 2⁻²³. Version 2 guesses from the bits (to 12 %) and takes three of Newton's steps: the same bytes on every processor;
/// beyond 10³⁶ it gives 10⁻³⁶. Version 1 begins with the processor's own estimate.
HWY_INLINE VF reciprocal(VF d) {
  const auto newton = [&](VF r) HWY_ATTR { return hn::Mul(r, hn::NegMulAdd(d, r, splat(2.0F))); };
  if (detail::arithmetic.load(std::memory_order_relaxed) == 1) return newton(hn::ApproximateReciprocal(d));
  const DI di;
  d = hn::Min(d, splat(1e36F));
  return newton(newton(newton(hn::BitCast(DF(), hn::Sub(hn::Set(di, 0x7EF311C7), hn::BitCast(di, d))))));
}

/// 1 / (1 + e^−x)
HWY_INLINE VF sigmoid(VF x) { return reciprocal(hn::Add(splat(1.0F), exp(hn::Neg(x)))); }

/// (e^2x − 1) / (e^2x + 1), with a series near zero.
HWY_INLINE VF tanh(VF x) {
  const VF e = exp(hn::Add(x, x));
  const VF far = hn::Sub(splat(1.0F), hn::Div(splat(2.0F), hn::Add(e, splat(1.0F))));
  const VF square = hn::Mul(x, x);
  VF p = hn::MulAdd(square, splat(0.021869488F), splat(-0.053968254F));
  p = hn::MulAdd(p, square, splat(0.13333333F));
  p = hn::MulAdd(p, square, splat(-0.33333333F));
  const VF near = hn::MulAdd(hn::Mul(p, square), x, x);
  return hn::IfThenElse(hn::Lt(hn::Abs(x), splat(0.25F)), near, far);
}

/// The error function, to 1.5·10⁻⁷ absolute (Abramowitz and Stegun 1964, 7.1.26).
HWY_INLINE VF erf(VF x) {
  const VF size = hn::Abs(x), t = hn::Div(splat(1.0F), hn::MulAdd(size, splat(0.3275911F), splat(1.0F)));
  VF p = hn::MulAdd(t, splat(1.061405429F), splat(-1.453152027F));
  p = hn::MulAdd(p, t, splat(1.421413741F));
  p = hn::MulAdd(p, t, splat(-0.284496736F));
  p = hn::MulAdd(p, t, splat(0.254829592F));
  const VF tail = hn::Mul(hn::Mul(p, t), exp(hn::Neg(hn::Mul(x, x))));
  return hn::CopySign(hn::Sub(splat(1.0F), tail), x);
}

/// x · Φ(x) (Hendrycks and Gimpel 2016).
HWY_INLINE VF gelu_erf(VF x) { return hn::Mul(hn::Mul(x, splat(0.5F)), hn::Add(splat(1.0F), erf(hn::Mul(x, splat(0.70710678F))))); }

/// Sum over the lanes in a fixed order.
HWY_INLINE float sum_lanes(VF value) { return hn::GetLane(hn::SumOfLanes(DF(), value)); }
HWY_INLINE float max_lanes(VF value) { return hn::GetLane(hn::MaxOfLanes(DF(), value)); }

/// Calls f(a, result…) for the element type of a dtype.
template <class F>
HWY_INLINE void with_float_type(DType type, const F& f) {
  if (type == DType::f32) return f(float{});
  if (type == DType::bf16) return f(bf16{});
  if (type == DType::f16) return f(f16{});
}

}  // namespace ptah::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
