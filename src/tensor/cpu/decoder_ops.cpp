#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/cpu/decoder_ops.cpp"
#include <hwy/foreach_target.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "tensor/cpu/simd-inl.h"
#include "tensor/decoder_ops.h"

HWY_BEFORE_NAMESPACE();
namespace ptah::HWY_NAMESPACE {

void norm_each(const float* x, int64_t rows, int64_t width, const float* weight, const float* bias, bool layer_norm, float eps, float* out) {
  parallel_for(rows, width, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const float* from = x + r * width;
      float* to = out + r * width;
      float mean = 0;
      if (layer_norm) {
        VF sum = hn::Zero(DF());
        for (int64_t i = 0; i < width; i += lanes()) sum = hn::Add(sum, load_n(from + i, width - i));
        mean = sum_lanes(sum) / static_cast<float>(width);
      }
      const VF shift = splat(mean);
      VF squares = hn::Zero(DF());
      for (int64_t i = 0; i < width; i += lanes()) {
        const auto there = hn::FirstN(DF(), static_cast<size_t>(width - i));
        const VF v = hn::IfThenElseZero(there, hn::Sub(load_n(from + i, width - i), shift));
        squares = hn::MulAdd(v, v, squares);
      }
      const VF scale = splat(1 / std::sqrt(sum_lanes(squares) / static_cast<float>(width) + eps));
      for (int64_t i = 0; i < width; i += lanes()) {
        const int64_t n = width - i;
        const VF v = hn::Mul(hn::Mul(hn::Sub(load_n(from + i, n), shift), scale), load_n(weight + i, n));
        store_n(bias ? hn::Add(v, load_n(bias + i, n)) : v, to + i, n);
      }
    }
  });
}

void gate_each(float* x, const float* up, int64_t count, Gate gate) {
  parallel_for((count + 63) / 64, 64 * 16, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin * 64; i < std::min(count, end * 64); i += lanes()) {
      const int64_t n = std::min(count, end * 64) - i;
      const VF v = load_n(x + i, n);
      VF turn = v;  // act(v) = v / (1 + e^−turn)
      if (gate == Gate::gelu) turn = hn::Mul(splat(1.5957691216057308F), hn::MulAdd(hn::Mul(hn::Mul(v, v), v), splat(0.044715F), v));
      const VF acted = hn::Div(v, hn::Add(splat(1), exp(hn::Neg(turn))));
      store_n(up ? hn::Mul(acted, load_n(up + i, n)) : acted, x + i, n);
    }
  });
}

}  // namespace ptah::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ptah {

std::string_view name_of(CacheType type) { return type == CacheType::f32 ? "f32" : type == CacheType::bf16 ? "bf16" : "q8"; }

std::optional<CacheType> cache_type_by_name(std::string_view name) {
  for (const CacheType type : {CacheType::f32, CacheType::bf16, CacheType::q8})
    if (name == name_of(type)) return type;
  return std::nullopt;
}

int64_t cached_row_bytes(CacheType type, int64_t numbers) {
  return type == CacheType::f32 ? numbers * 4 : type == CacheType::bf16 ? numbers * 2 : numbers + numbers / 32 * 2;
}

void store_cached_row(CacheType type, const float* x, int64_t numbers, std::byte* row) {
  if (type == CacheType::f32) {
    std::memcpy(row, x, static_cast<size_t>(numbers) * sizeof(float));
  } else if (type == CacheType::bf16) {
    auto* to = reinterpret_cast<bf16*>(row);
    for (int64_t i = 0; i < numbers; ++i) to[i] = to_bf16(x[i]);
  } else {
    auto* to = reinterpret_cast<int8_t*>(row);
    auto* scales = reinterpret_cast<bf16*>(row + numbers);
    for (int64_t b = 0; b < numbers; b += 32) {
      float largest = 0;
      bool finite = true;
      for (int64_t i = b; i < b + 32; ++i) {
        largest = std::max(largest, std::abs(x[i]));
        finite = finite && std::isfinite(x[i]);
      }
      const bool some = finite && largest > 1e-30F;
      bf16 scale = to_bf16(finite ? (some ? largest / 127 : 0) : NAN);  // what is not a number stays none
      if (to_float(scale) * 127 < largest && some) ++scale.bits;        // rounded down: the largest number would not fit
      scales[b / 32] = scale;
      const float by = some ? 1 / to_float(scale) : 0;
      for (int64_t i = b; i < b + 32; ++i) to[i] = static_cast<int8_t>(finite ? std::lrint(x[i] * by) : 1);
    }
  }
}

void load_cached_row(CacheType type, const std::byte* row, int64_t numbers, float* x) {
  if (type == CacheType::f32) {
    std::memcpy(x, row, static_cast<size_t>(numbers) * sizeof(float));
  } else if (type == CacheType::bf16) {
    const auto* from = reinterpret_cast<const bf16*>(row);
    for (int64_t i = 0; i < numbers; ++i) x[i] = to_float(from[i]);
  } else {
    const auto* from = reinterpret_cast<const int8_t*>(row);
    const auto* scales = reinterpret_cast<const bf16*>(row + numbers);
    for (int64_t i = 0; i < numbers; ++i) x[i] = static_cast<float>(from[i]) * to_float(scales[i / 32]);
  }
}

HWY_EXPORT(norm_each);
HWY_EXPORT(gate_each);

void norm_rows(const float* x, int64_t rows, int64_t width, const float* weight, const float* bias, bool layer_norm, float eps, float* out) {
  HWY_DYNAMIC_DISPATCH(norm_each)(x, rows, width, weight, bias, layer_norm, eps, out);
}

void gate_rows(float* x, const float* up, int64_t count, Gate gate) { HWY_DYNAMIC_DISPATCH(gate_each)(x, up, count, gate); }

// NOLINTNEXTLINE(readability-non-const-parameter): it is written to, by references
void rotate_heads(float* x, int64_t heads, int64_t head_dim, const float* cosines, const float* sines, int64_t rotated, bool halves) {
  const int64_t half = rotated / 2;
  for (int64_t h = 0; h < heads; ++h, x += head_dim)
    for (int64_t i = 0; i < half; ++i) {
      float &a = halves ? x[i] : x[2 * i], &b = halves ? x[i + half] : x[2 * i + 1];
      const float turned = a * cosines[i] - b * sines[i];
      b = a * sines[i] + b * cosines[i];
      a = turned;
    }
}

}  // namespace ptah
#endif
