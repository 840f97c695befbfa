#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/cpu/int8.cpp"
#include <hwy/foreach_target.h>

#include <algorithm>
#include <vector>

#include "tensor/cpu/int8.h"
#include "tensor/cpu/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace ptah::HWY_NAMESPACE {

constexpr int64_t kChunk = 16384;

/// Calls f(first, last, chunk) for the chunks of `count` numbers.
template <class F>
void in_chunks(int64_t count, const F& f) {
  parallel_for((count + kChunk - 1) / kChunk, kChunk / 4, [&](int64_t begin, int64_t end) {
    for (int64_t chunk = begin; chunk < end; ++chunk) f(chunk * kChunk, chunk * kChunk + kChunk < count ? chunk * kChunk + kChunk : count, chunk);
  });
}

float largest_of(DType type, const void* in, int64_t count) {
  std::vector<float> most(static_cast<size_t>((count + kChunk - 1) / kChunk));
  with_float_type(type, [&](auto kind) {
    const auto* x = static_cast<const decltype(kind)*>(in);
    in_chunks(count, [&](int64_t first, int64_t last, int64_t chunk) {
      VF found = splat(0);
      for (int64_t i = first; i < last; i += lanes()) found = hn::Max(found, hn::Abs(load_n(x + i, last - i)));
      most[static_cast<size_t>(chunk)] = max_lanes(found);
    });
  });
  float found = 0;
  for (const float one : most) found = one > found ? one : found;
  return found;
}

void round_all(DType type, const void* in, int64_t count, float factor, int8_t* to) {
  const hn::Rebind<int8_t, DF> d8;
  const VF by = splat(factor);
  with_float_type(type, [&](auto kind) {
    const auto* x = static_cast<const decltype(kind)*>(in);
    in_chunks(count, [&](int64_t first, int64_t last, int64_t) {
      for (int64_t i = first; i < last; i += lanes()) {
        const auto whole = hn::DemoteTo(d8, hn::NearestInt(hn::Mul(load_n(x + i, last - i), by)));
        if (last - i >= lanes()) {
          hn::StoreU(whole, d8, to + i);
          continue;
        }
        int8_t part[kMostLanes] = {};
        hn::StoreU(whole, d8, part);
        for (int64_t j = i; j < last; ++j) to[j] = part[j - i];
      }
    });
  });
}

void widen_all(const int8_t* x, int64_t count, DType type, void* out) {
  const hn::Rebind<int8_t, DF> d8;
  with_float_type(type, [&](auto kind) {
    auto* to = static_cast<decltype(kind)*>(out);
    in_chunks(count, [&](int64_t first, int64_t last, int64_t) {
      int8_t part[kMostLanes] = {};
      for (int64_t i = first; i < last; i += lanes()) {
        const int8_t* from = x + i;
        if (last - i < lanes()) {
          for (int64_t j = i; j < last; ++j) part[j - i] = x[j];
          from = part;
        }
        store_n(hn::ConvertTo(DF(), hn::PromoteTo(DI(), hn::LoadU(d8, from))), to + i, last - i);
      }
    });
  });
}

}  // namespace ptah::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ptah::detail {

HWY_EXPORT(largest_of);
HWY_EXPORT(round_all);
HWY_EXPORT(widen_all);

float largest_magnitude(DType type, const void* x, int64_t count) { return HWY_DYNAMIC_DISPATCH(largest_of)(type, x, count); }
void round_to_int8(DType type, const void* x, int64_t count, float factor, int8_t* to) { HWY_DYNAMIC_DISPATCH(round_all)(type, x, count, factor, to); }
void widen_int8(const int8_t* x, int64_t count, DType type, void* to) { HWY_DYNAMIC_DISPATCH(widen_all)(x, count, type, to); }

}  // namespace ptah::detail
#endif
