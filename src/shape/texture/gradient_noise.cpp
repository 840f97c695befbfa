#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "shape/texture/gradient_noise.cpp"
#include <hwy/foreach_target.h>

#include "shape/texture/noise.h"

#include <algorithm>
#include <cmath>

#include "tensor/cpu/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace ptah::texture::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using DNoise = hn::CappedTag<float, 8>;
using UNoise = hn::RebindToUnsigned<DNoise>;

/// The corners of a cell.
struct NoiseCorners {
  HWY_ALIGN float x[8], y[8], z[8];
};
constexpr uint32_t kAlongX = 0x8DA6B343U, kAlongY = 0xD8163841U, kAlongZ = 0xCB1AB31FU;
constexpr NoiseCorners kNoiseCorners{{0, 1, 0, 1, 0, 1, 0, 1}, {0, 0, 1, 1, 0, 0, 1, 1}, {0, 0, 0, 0, 1, 1, 1, 1}};

/// The lattice point below; far outside all is one cell.
HWY_INLINE int32_t point_below(float v) { return static_cast<int32_t>(std::floor(std::clamp(v, -1e9F, 1e9F))); }
HWY_INLINE float smoothed(float t) { return t * t * t * (t * (t * 6 - 15) + 10); }
HWY_INLINE float between(float a, float b, float t) { return a + (b - a) * t; }

float noise_at(const Vec3& p, uint32_t seed) {
  const DNoise d;
  const UNoise du;
  const int32_t x = point_below(p[0]), y = point_below(p[1]), z = point_below(p[2]);
  const float fx = p[0] - static_cast<float>(x), fy = p[1] - static_cast<float>(y), fz = p[2] - static_cast<float>(z);
  const auto kx = hn::Set(du, static_cast<uint32_t>(x)), ky = hn::Set(du, static_cast<uint32_t>(y)), kz = hn::Set(du, static_cast<uint32_t>(z));
  const auto seeded = hn::Set(du, seed * 0x9E3779B9U);
  HWY_ALIGN float slope[8];
  for (size_t at = 0; at < 8; at += hn::Lanes(d)) {
    const auto cx = hn::Load(d, kNoiseCorners.x + at), cy = hn::Load(d, kNoiseCorners.y + at), cz = hn::Load(d, kNoiseCorners.z + at);
    const auto whole = [&](auto corner) { return hn::BitCast(du, hn::ConvertTo(hn::RebindToSigned<DNoise>(), corner)); };
    auto h = hn::Xor(hn::Xor(hn::Mul(hn::Add(kx, whole(cx)), hn::Set(du, kAlongX)), hn::Mul(hn::Add(ky, whole(cy)), hn::Set(du, kAlongY))),
                     hn::Xor(hn::Mul(hn::Add(kz, whole(cz)), hn::Set(du, kAlongZ)), seeded));
    h = hn::Mul(hn::Xor(h, hn::ShiftRight<16>(h)), hn::Set(du, 0x7FEB352DU));
    h = hn::Mul(hn::Xor(h, hn::ShiftRight<15>(h)), hn::Set(du, 0x846CA68BU));
    h = hn::Xor(h, hn::ShiftRight<16>(h));
    // The dot product with one of the twelve directions to the middles of a cube's edges.
    const auto dx = hn::Sub(hn::Set(d, fx), cx), dy = hn::Sub(hn::Set(d, fy), cy), dz = hn::Sub(hn::Set(d, fz), cz);
    const auto k = hn::And(h, hn::Set(du, 15U));
    const auto below = [&](uint32_t bound) { return hn::RebindMask(d, hn::Lt(k, hn::Set(du, bound))); };
    const auto along_x = hn::RebindMask(d, hn::Eq(hn::And(k, hn::Set(du, 13U)), hn::Set(du, 12U)));  // 12 and 14
    const auto u = hn::IfThenElse(below(8), dx, dy), v = hn::IfThenElse(below(4), dy, hn::IfThenElse(along_x, dx, dz));
    const auto sign_u = hn::BitCast(d, hn::ShiftLeft<31>(h)), sign_v = hn::BitCast(d, hn::ShiftLeft<31>(hn::ShiftRight<1>(h)));
    hn::Store(hn::Add(hn::Xor(u, sign_u), hn::Xor(v, sign_v)), d, slope + at);
  }
  const float u = smoothed(fx), v = smoothed(fy), w = smoothed(fz);
  return between(between(between(slope[0], slope[1], u), between(slope[2], slope[3], u), v),
                 between(between(slope[4], slope[5], u), between(slope[6], slope[7], u), v), w);
}

}  // namespace ptah::texture::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ptah::texture {

HWY_EXPORT(noise_at);

float noise(const Vec3& p, uint32_t seed) { return HWY_DYNAMIC_DISPATCH(noise_at)(p, seed); }

}  // namespace ptah::texture
#endif
