// The numbers of sampler.h for several paths at once. All of them are at the same dimension; each has the key of its pixel.
#if defined(PTAH_RENDER_TRACE_SAMPLER_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PTAH_RENDER_TRACE_SAMPLER_INL_H_
#undef PTAH_RENDER_TRACE_SAMPLER_INL_H_
#else
#define PTAH_RENDER_TRACE_SAMPLER_INL_H_
#endif

#include "render/trace/lanes-inl.h"
#include "render/trace/sampler.h"

HWY_BEFORE_NAMESPACE();
namespace ptah::HWY_NAMESPACE {
namespace {

HWY_INLINE VU words(uint32_t value) { return hn::Set(DU(), value); }

HWY_INLINE VU mixed(VU x) {
  x = hn::Xor(x, hn::ShiftRight<16>(x)) * words(0x7FEB352DU);
  x = hn::Xor(x, hn::ShiftRight<15>(x)) * words(0x846CA68BU);
  return hn::Xor(x, hn::ShiftRight<16>(x));
}

HWY_INLINE VU hashed(VU x, VU seed) {
  x = x + seed;
  for (const uint32_t factor : {0x6C50B47CU, 0xB82F1E52U, 0xC7AFE638U, 0x8D22F6E6U}) x = hn::Xor(x, x * words(factor));
  return x;
}

/// Of the bits in each word: by halves of bytes, then the bytes.
HWY_INLINE VU reversed(VU x) {
#if HWY_TARGET == HWY_SCALAR
  return words(PixelSampler::reversed(hn::GetLane(x)));
#else
  const hn::Repartition<uint8_t, DU> d8;
  alignas(16) static constexpr uint8_t kHalves[16] = {0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15};
  alignas(16) static constexpr uint8_t kBytes[16] = {3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12};
  const auto table = hn::LoadDup128(d8, kHalves), order = hn::LoadDup128(d8, kBytes);
  const auto low = hn::BitCast(d8, hn::And(x, words(0x0F0F0F0FU))), high = hn::BitCast(d8, hn::And(hn::ShiftRight<4>(x), words(0x0F0F0F0FU)));
  const VU upper = hn::BitCast(DU(), hn::TableLookupBytes(table, low)), lower = hn::BitCast(DU(), hn::TableLookupBytes(table, high));
  return hn::BitCast(DU(), hn::TableLookupBytes(hn::BitCast(d8, hn::Or(hn::ShiftLeft<4>(upper), lower)), order));
#endif
}

HWY_INLINE VF fraction_of(VU bits) {
  const VI whole = hn::BitCast(DI(), hn::ShiftRight<8>(reversed(bits)));
  return hn::ConvertTo(DF(), whole) * splat(0x1p-24F);
}

/// The second dimension of Sobol's sequence.
HWY_INLINE VU second(VU index) {
  index = hn::Xor(index, hn::ShiftRight<16>(index));
  index = hn::Xor(index, hn::And(hn::ShiftRight<8>(index), words(0x00FF00FFU)));
  index = hn::Xor(index, hn::And(hn::ShiftRight<4>(index), words(0x0F0F0F0FU)));
  index = hn::Xor(index, hn::And(hn::ShiftRight<2>(index), words(0x33333333U)));
  return hn::Xor(index, hn::And(hn::ShiftRight<1>(index), words(0x55555555U)));
}

/// The samples' numbers (bits reversed) and their pixels' keys.
struct Samples {
  VU sample;
  VU key[3];
};

struct Pair {
  VF a, b;
};
HWY_INLINE VU index_of(const Samples& of, uint32_t dimension) {
  return reversed(hashed(of.sample, mixed(hn::Xor(of.key[0], words(PixelSampler::mixed(dimension))))));
}
HWY_INLINE Pair pair_of(const Samples& of, uint32_t dimension) {
  const VU index = index_of(of, dimension), at = words(dimension);
  return {fraction_of(hashed(index, mixed(of.key[1] + at))), fraction_of(hashed(second(index), mixed(of.key[2] + at)))};
}
HWY_INLINE VF number_of(const Samples& of, uint32_t dimension) { return fraction_of(hashed(index_of(of, dimension), mixed(of.key[1] + words(dimension)))); }

}  // namespace
}  // namespace ptah::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
