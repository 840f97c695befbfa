// Numbers of several paths at once: eight lanes with AVX2, four with NEON, else one. Wider vectors are not used, and every multiply-add is written down, so
// that the bytes are the same on every x86 with AVX2. Included once per target.
#if defined(PTAH_RENDER_TRACE_LANES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PTAH_RENDER_TRACE_LANES_INL_H_
#undef PTAH_RENDER_TRACE_LANES_INL_H_
#else
#define PTAH_RENDER_TRACE_LANES_INL_H_
#endif

#include <hwy/highway.h>

#include "render/reflectance.h"

HWY_BEFORE_NAMESPACE();
namespace ptah::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using DF = hn::CappedTag<float, 8>;
using DU = hn::RebindToUnsigned<DF>;
using DI = hn::RebindToSigned<DF>;
using VF = hn::Vec<DF>;
using VU = hn::Vec<DU>;
using VI = hn::Vec<DI>;
using MF = hn::Mask<DF>;
constexpr size_t kLanes = hn::MaxLanes(DF());

HWY_INLINE VF splat(float value) { return hn::Set(DF(), value); }
HWY_INLINE VF select(MF mask, VF a, VF b) { return hn::IfThenElse(mask, a, b); }
HWY_INLINE bool none(MF mask) { return hn::AllFalse(DF(), mask); }
HWY_INLINE MF mask_of(hn::Mask<DI> mask) { return hn::RebindMask(DF(), mask); }
HWY_INLINE uint32_t bits_of(MF mask) {
  uint8_t bits[8] = {};
  hn::StoreMaskBits(DF(), mask, bits);
  return bits[0];
}
/// a · b + c and c − a · b, rounded once where the processor can.
HWY_INLINE VF madd(VF a, VF b, VF c) { return hn::MulAdd(a, b, c); }
HWY_INLINE VF nmadd(VF a, VF b, VF c) { return hn::NegMulAdd(a, b, c); }

/// Vectors and colours.
struct V3 {
  VF x, y, z;
};
HWY_INLINE V3 splat3(float x, float y, float z) { return {splat(x), splat(y), splat(z)}; }
HWY_INLINE V3 splat3(const std::array<float, 3>& v) { return splat3(v[0], v[1], v[2]); }
HWY_INLINE V3 zero3() { return splat3(0, 0, 0); }
HWY_INLINE V3 add(const V3& a, const V3& b) { return {a.x + b.x, a.y + b.y, a.z + b.z}; }
HWY_INLINE V3 sub(const V3& a, const V3& b) { return {a.x - b.x, a.y - b.y, a.z - b.z}; }
HWY_INLINE V3 mul(const V3& a, const V3& b) { return {a.x * b.x, a.y * b.y, a.z * b.z}; }
HWY_INLINE V3 mul(const V3& a, VF s) { return {a.x * s, a.y * s, a.z * s}; }
/// a · s + b
HWY_INLINE V3 madd(const V3& a, VF s, const V3& b) { return {madd(a.x, s, b.x), madd(a.y, s, b.y), madd(a.z, s, b.z)}; }
HWY_INLINE V3 madd(const V3& a, const V3& s, const V3& b) { return {madd(a.x, s.x, b.x), madd(a.y, s.y, b.y), madd(a.z, s.z, b.z)}; }
HWY_INLINE V3 negative(const V3& a) { return {hn::Neg(a.x), hn::Neg(a.y), hn::Neg(a.z)}; }
HWY_INLINE V3 select(MF mask, const V3& a, const V3& b) { return {select(mask, a.x, b.x), select(mask, a.y, b.y), select(mask, a.z, b.z)}; }
HWY_INLINE V3 only(MF mask, const V3& a) { return {hn::IfThenElseZero(mask, a.x), hn::IfThenElseZero(mask, a.y), hn::IfThenElseZero(mask, a.z)}; }
HWY_INLINE VF dot(const V3& a, const V3& b) { return madd(a.x, b.x, madd(a.y, b.y, a.z * b.z)); }
HWY_INLINE VF luminance(const V3& c) { return madd(splat(0.2126F), c.x, madd(splat(0.7152F), c.y, splat(0.0722F) * c.z)); }
/// Of length 1; what has no length stays so.
HWY_INLINE V3 unit_of(const V3& a) {
  const VF squared = dot(a, a);
  return mul(a, hn::IfThenElseZero(hn::Gt(squared, hn::Zero(DF())), splat(1) / hn::Sqrt(squared)));
}
HWY_INLINE V3 turned_if(MF mask, const V3& a) { return select(mask, negative(a), a); }

/// The triangle's point of barycentric w, u, v.
HWY_INLINE V3 mixed_of(const V3& a, const V3& b, const V3& c, VF w, VF u, VF v) {
  return {madd(a.x, w, madd(b.x, u, c.x * v)), madd(a.y, w, madd(b.y, u, c.y * v)), madd(a.z, w, madd(b.z, u, c.z * v))};
}

/// Axes at right angles to a unit vector (Duff et al. 2017).
struct Axes {
  V3 tangent, bitangent, normal;
  HWY_INLINE explicit Axes(const V3& n) : normal(n) {
    const VF sign = hn::CopySign(splat(1), n.z), a = splat(-1) / (sign + n.z), b = n.x * n.y * a;
    tangent = {madd(sign * n.x, n.x * a, splat(1)), sign * b, hn::Neg(sign * n.x)};
    bitangent = {b, madd(n.y, n.y * a, sign), hn::Neg(n.y)};
  }
  HWY_INLINE V3 in(const V3& v) const { return {dot(v, tangent), dot(v, bitangent), dot(v, normal)}; }
  HWY_INLINE V3 out(const V3& v) const { return madd(tangent, v.x, madd(bitangent, v.y, mul(normal, v.z))); }
};

/// Sine and cosine of an angle in turns, −1 to 1: to 10⁻⁷.
struct SineCosine {
  VF sine, cosine;
};
HWY_INLINE SineCosine of_turns(VF turns) {
  const VF quarters = hn::Round(turns * splat(4));
  const VF r = nmadd(quarters, splat(0.25F), turns) * splat(2 * kPi), z = r * r;
  const VF s = madd(madd(madd(splat(-1.9515295891e-4F), z, splat(8.3321608736e-3F)), z, splat(-1.6666654611e-1F)) * z, r, r);
  const VF c =
      madd(madd(madd(splat(2.443315711809948e-5F), z, splat(-1.388731625493765e-3F)), z, splat(4.166664568298827e-2F)) * z, z, nmadd(splat(0.5F), z, splat(1)));
  const VI q = hn::ConvertTo(DI(), quarters), one = hn::Set(DI(), 1), two = hn::Set(DI(), 2);
  const MF swap = mask_of(hn::Eq(hn::And(q, one), one));
  const VI sine_sign = hn::ShiftLeft<30>(hn::And(q, two)), cosine_sign = hn::ShiftLeft<30>(hn::And(hn::Add(q, one), two));
  return {hn::Xor(select(swap, c, s), hn::BitCast(DF(), sine_sign)), hn::Xor(select(swap, s, c), hn::BitCast(DF(), cosine_sign))};
}

/// Arc cosine of −1 to 1: to 3 · 10⁻⁷ (Abramowitz and Stegun 4.4.46).
HWY_INLINE VF arc_cosine(VF x) {
  const VF a = hn::Min(hn::Abs(x), splat(1));
  VF p = splat(-0.0012624911F);
  for (const float c : {0.0066700901F, -0.0170881256F, 0.0308918810F, -0.0501743046F, 0.0889789874F, -0.2145988016F, 1.5707963050F}) p = madd(p, a, splat(c));
  p = p * hn::Sqrt(splat(1) - a);
  return select(hn::Lt(x, hn::Zero(DF())), splat(kPi) - p, p);
}

/// The angle of a point, −π to π: to 3 · 10⁻⁷ (Abramowitz and Stegun 4.4.49).
HWY_INLINE VF arc_tangent(VF y, VF x) {
  const VF ax = hn::Abs(x), ay = hn::Abs(y), a = hn::Min(ax, ay) / hn::Max(hn::Max(ax, ay), splat(1e-30F)), z = a * a;
  VF p = splat(0.0028662257F);
  for (const float c : {-0.0161657367F, 0.0429096138F, -0.0752896400F, 0.1065626393F, -0.1420889944F, 0.1999355085F, -0.3333314528F, 1.0F})
    p = madd(p, z, splat(c));
  p = p * a;
  p = select(hn::Gt(ay, ax), splat(kPi / 2) - p, p);
  p = select(hn::Lt(x, hn::Zero(DF())), splat(kPi) - p, p);
  return hn::CopySign(p, y);
}

/// Weight of a strategy of density a where another one has b (balance of squares, Veach 1997).
HWY_INLINE VF power(VF a, VF b) {
  const VF ratio = b / a;
  return hn::IfThenElseZero(hn::Gt(a, hn::Zero(DF())), splat(1) / madd(ratio, ratio, splat(1)));
}

/// Points moved off their surfaces as off_surface() does.
HWY_INLINE VF off_surface(VF point, VF normal) {
  const VF small = madd(splat(1.0F / 65536), normal, point);
  const VI steps = hn::ConvertTo(DI(), splat(256) * normal);
  const VI bits = hn::BitCast(DI(), point);
  const VF moved = hn::BitCast(DF(), hn::IfThenElse(hn::Lt(bits, hn::Zero(DI())), hn::Sub(bits, steps), hn::Add(bits, steps)));
  return select(hn::Lt(hn::Abs(point), splat(1.0F / 32)), small, moved);
}
HWY_INLINE V3 off_surface(const V3& point, const V3& normal) {
  return {off_surface(point.x, normal.x), off_surface(point.y, normal.y), off_surface(point.z, normal.z)};
}

/// Eight numbers from one row of memory a lane: transposed in registers, which is faster than eight gathers.
HWY_INLINE void transposed(const float* const (&rows)[kLanes], VF (&out)[8]) {
#if HWY_TARGET == HWY_SCALAR
  for (size_t i = 0; i < 8; ++i) out[i] = splat(rows[0][i]);
#else
  const DF d;
  const hn::Repartition<uint64_t, DF> d64;
  const auto low = [&](VF a, VF b) { return hn::BitCast(d, hn::InterleaveLower(d64, hn::BitCast(d64, a), hn::BitCast(d64, b))); };
  const auto high = [&](VF a, VF b) { return hn::BitCast(d, hn::InterleaveUpper(d64, hn::BitCast(d64, a), hn::BitCast(d64, b))); };
  // Four columns of four rows in each 128-bit block.
  const auto block = [&](size_t first, size_t column, VF(&to)[4]) {
    const VF a = hn::LoadU(d, rows[first] + column), b = hn::LoadU(d, rows[first + 1] + column), c = hn::LoadU(d, rows[first + 2] + column),
             e = hn::LoadU(d, rows[first + 3] + column);
    const VF ab_low = hn::InterleaveLower(d, a, b), ab_high = hn::InterleaveUpper(d, a, b), ce_low = hn::InterleaveLower(d, c, e),
             ce_high = hn::InterleaveUpper(d, c, e);
    to[0] = low(ab_low, ce_low), to[1] = high(ab_low, ce_low), to[2] = low(ab_high, ce_high), to[3] = high(ab_high, ce_high);
  };
  VF a[4], b[4];
  if (kLanes == 8) {
    block(0, 0, a), block(kLanes - 4, 0, b);
    for (size_t i = 0; i < 4; ++i) out[i] = hn::ConcatLowerLower(d, b[i], a[i]), out[i + 4] = hn::ConcatUpperUpper(d, b[i], a[i]);
  } else {
    block(0, 0, a), block(0, 4, b);
    for (size_t i = 0; i < 4; ++i) out[i] = a[i], out[i + 4] = b[i];
  }
#endif
}

}  // namespace
}  // namespace ptah::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
