#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/cpu/int8.cpp"
#include <hwy/foreach_target.h>

#include <vector>

#include "tensor/cpu/int8.h"
#include "tensor/cpu/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace ptah::HWY_NAMESPACE {

float largest_of(DType type, const void* in, int64_t count) {
  std::vector<float> largest(static_cast<size_t>((count + kChunk - 1) / kChunk));
  with_float_type(type, [&](auto kind) {
    const auto* x = static_cast<const decltype(kind)*>(in);
    in_chunks(count, 1, [&](int64_t first, int64_t last) {
      VF found = splat(0);
      for (int64_t i = first; i < last; i += lanes()) found = hn::Max(found, hn::Abs(load_n(x + i, last - i)));
      largest[static_cast<size_t>(first / kChunk)] = max_lanes(found);
    });
  });
  float found = 0;
  for (const float one : largest) found = one > found ? one : found;
  return found;
}

void round_all(DType type, const void* in, int64_t count, float factor, int8_t* to) {
  const VF by = splat(factor);
  with_float_type(type, [&](auto kind) {
    const auto* x = static_cast<const decltype(kind)*>(in);
    in_chunks(count, 1, [&](int64_t first, int64_t last) {
      for (int64_t i = first; i < last; i += lanes()) store_n(hn::Mul(load_n(x + i, last - i), by), to + i, last - i);
    });
  });
}

void dequantize_all(const int8_t* x, int64_t count, DType type, void* out) {
  with_float_type(type, [&](auto kind) {
    auto* to = static_cast<decltype(kind)*>(out);
    in_chunks(count, 1, [&](int64_t first, int64_t last) {
      for (int64_t i = first; i < last; i += lanes()) store_n(load_n(x + i, last - i), to + i, last - i);
    });
  });
}

}  // namespace ptah::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ptah::detail {

HWY_EXPORT(largest_of);
HWY_EXPORT(round_all);
HWY_EXPORT(dequantize_all);

float largest_magnitude(DType type, const void* x, int64_t count) { return HWY_DYNAMIC_DISPATCH(largest_of)(type, x, count); }
void round_to_int8(DType type, const void* x, int64_t count, float factor, int8_t* to) { HWY_DYNAMIC_DISPATCH(round_all)(type, x, count, factor, to); }
void dequantize_int8(const int8_t* x, int64_t count, DType type, void* to) { HWY_DYNAMIC_DISPATCH(dequantize_all)(x, count, type, to); }

}  // namespace ptah::detail
#endif
