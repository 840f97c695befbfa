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

/// Rows of f32 or bf16.
template <class T>
struct PlainRow {
  const T* at;
  PlainRow(const std::byte* row, int64_t /*d*/) : at(reinterpret_cast<const T*>(row)) {}
  HWY_INLINE VF vector(int64_t i) const { return load(at + i); }
  float one(int64_t i) const { return to_float(at[i]); }
  HWY_INLINE float dot(const float* q, int64_t d) const {
    const int64_t whole = d - d % lanes();
    VF sum = hn::Zero(DF());
    for (int64_t i = 0; i < whole; i += lanes()) sum = hn::MulAdd(load(q + i), vector(i), sum);
    float out = sum_lanes(sum);
    for (int64_t i = whole; i < d; ++i) out += q[i] * one(i);
    return out;
  }
};
/// Rows of 8-bit numbers, scales behind them.
struct RoundedRow {
  const int8_t* at;
  const bf16* scales;
  RoundedRow(const std::byte* row, int64_t d) : at(reinterpret_cast<const int8_t*>(row)), scales(reinterpret_cast<const bf16*>(row + d)) {}
  HWY_INLINE VF whole(int64_t i) const { return hn::ConvertTo(DF(), hn::PromoteTo(DI(), hn::LoadU(hn::Rebind<int8_t, DF>(), at + i))); }
  HWY_INLINE VF vector(int64_t i) const { return hn::Mul(whole(i), splat(to_float(scales[i / 32]))); }
  float one(int64_t i) const { return static_cast<float>(at[i]) * to_float(scales[i / 32]); }
  HWY_INLINE float dot(const float* q, int64_t d) const {
    VF total = hn::Zero(DF());
    for (int64_t b = 0; b < d; b += 32) {
      VF sum = hn::Zero(DF());
      for (int64_t i = b; i < b + 32; i += lanes()) sum = hn::MulAdd(load(q + i), whole(i), sum);
      total = hn::MulAdd(sum, splat(to_float(scales[b / 32])), total);
    }
    return sum_lanes(total);
  }
};

template <class Row>
void head_attention(const CachedKeys& cache, int64_t head, const float* q, int64_t begin, int64_t end, float scale, float* scores, float* out) {
  const int64_t d = cache.head_dim, row_bytes = cache.row_bytes(), values = cache.page_bytes() / 2;
  const int64_t whole = d - d % lanes();
  float most = -INFINITY;
  for (int64_t j = begin; j < end;) {  // page by page
    const std::byte* row = cache.pages[j / kPagePositions] + cache.offset(head, j);
    for (const int64_t stop = std::min(end, (j / kPagePositions + 1) * kPagePositions); j < stop; ++j, row += row_bytes) {
      const float score = Row(row, d).dot(q, d) * scale;
      scores[j - begin] = score;
      most = most > score ? most : score;
    }
  }
  const int64_t n = end - begin;
  const VF top = splat(most);
  VF total = hn::Zero(DF());
  for (int64_t j = 0; j < n; j += lanes()) {
    const auto there = hn::FirstN(DF(), static_cast<size_t>(n - j));
    const VF weight = hn::IfThenElseZero(there, exp(hn::Sub(load_n(scores + j, n - j), top)));
    total = hn::Add(total, weight);
    store_n(weight, scores + j, n - j);
  }
  const float inverse = 1 / sum_lanes(total);
  const auto weighted = [&](int64_t from, auto many) HWY_ATTR {  // sums of `many` vectors stay in registers
    VF sums[many.value];
    for (VF& sum : sums) sum = hn::Zero(DF());
    for (int64_t j = begin; j < end;) {
      const std::byte* row = cache.pages[j / kPagePositions] + cache.offset(head, j) + values;
      for (const int64_t stop = std::min(end, (j / kPagePositions + 1) * kPagePositions); j < stop; ++j, row += row_bytes) {
        const VF weight = splat(scores[j - begin] * inverse);
        const Row value(row, d);
        for (int i = 0; i < many.value; ++i) sums[i] = hn::MulAdd(weight, value.vector(from + i * lanes()), sums[i]);
      }
    }
    for (int i = 0; i < many.value; ++i) store(sums[i], out + from + i * lanes());
  };
  int64_t from = 0;
  for (; from + 4 * lanes() <= whole; from += 4 * lanes()) weighted(from, std::integral_constant<int, 4>());
  for (; from < whole; from += lanes()) weighted(from, std::integral_constant<int, 1>());
  for (int64_t i = whole; i < d; ++i) {
    out[i] = 0;
    for (int64_t j = begin; j < end; ++j)
      out[i] += scores[j - begin] * inverse * Row(cache.pages[j / kPagePositions] + cache.offset(head, j) + values, d).one(i);
  }
}

void attend_cached(const CachedKeys& cache, const float* q, int64_t heads, int64_t begin, int64_t end, float scale, float* out) {
  const int64_t d = cache.head_dim, group = heads / cache.kv_heads;
  parallel_for(heads, (end - begin) * d / 4, [&](int64_t first, int64_t last) {
    std::vector<float> scores(static_cast<size_t>(end - begin));
    for (int64_t h = first; h < last; ++h) {
      const auto attend = cache.type == CacheType::f32    ? head_attention<PlainRow<float>>
                          : cache.type == CacheType::bf16 ? head_attention<PlainRow<bf16>>
                                                          : head_attention<RoundedRow>;
      attend(cache, h / group, q + h * d, begin, end, scale, scores.data(), out + h * d);
    }
  });
}

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
      float most = 0;
      bool finite = true;
      for (int64_t i = b; i < b + 32; ++i) {
        most = std::max(most, std::abs(x[i]));
        finite = finite && std::isfinite(x[i]);
      }
      const bool some = finite && most > 1e-30F;
      bf16 scale = to_bf16(finite ? (some ? most / 127 : 0) : NAN);  // what is not a number stays none
      if (to_float(scale) * 127 < most && some) ++scale.bits;        // rounded down: the largest number would not fit
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

HWY_EXPORT(attend_cached);

void cached_attention(const CachedKeys& cache, const float* q, int64_t heads, int64_t begin, int64_t end, float scale, float* out) {
  HWY_DYNAMIC_DISPATCH(attend_cached)(cache, q, heads, begin, end, scale, out);
}

HWY_EXPORT(norm_each);
HWY_EXPORT(gate_each);

void norm_rows(const float* x, int64_t rows, int64_t width, const float* weight, const float* bias, bool layer_norm, float eps, float* out) {
  HWY_DYNAMIC_DISPATCH(norm_each)(x, rows, width, weight, bias, layer_norm, eps, out);
}

void gate_rows(float* x, const float* up, int64_t count, Gate gate) { HWY_DYNAMIC_DISPATCH(gate_each)(x, up, count, gate); }

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
