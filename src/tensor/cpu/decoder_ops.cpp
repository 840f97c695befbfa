#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/cpu/decoder_ops.cpp"
#include <hwy/foreach_target.h>

#include <cmath>
#include <vector>

#include "tensor/cpu/simd-inl.h"
#include "tensor/decoder_ops.h"

HWY_BEFORE_NAMESPACE();
namespace ptah::HWY_NAMESPACE {

template <class T>
void head_attention(const T* keys, const T* values, int64_t d, const float* q, int64_t begin, int64_t end, float scale, float* scores, float* out) {
  const int64_t whole = d - d % lanes();
  float most = -INFINITY;
  for (int64_t j = begin; j < end; ++j) {
    const T* key = keys + j * d;
    VF sum = hn::Zero(DF());
    for (int64_t i = 0; i < whole; i += lanes()) sum = hn::MulAdd(load(q + i), load(key + i), sum);
    float score = sum_lanes(sum);
    for (int64_t i = whole; i < d; ++i) score += q[i] * to_float(key[i]);
    score *= scale;
    scores[j - begin] = score;
    most = most > score ? most : score;
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
    for (int64_t j = 0; j < n; ++j) {
      const T* value = values + (begin + j) * d + from;
      const VF weight = splat(scores[j] * inverse);
      for (int i = 0; i < many.value; ++i) sums[i] = hn::MulAdd(weight, load(value + i * lanes()), sums[i]);
    }
    for (int i = 0; i < many.value; ++i) store(sums[i], out + from + i * lanes());
  };
  int64_t from = 0;
  for (; from + 4 * lanes() <= whole; from += 4 * lanes()) weighted(from, std::integral_constant<int, 4>());
  for (; from < whole; from += lanes()) weighted(from, std::integral_constant<int, 1>());
  for (int64_t i = whole; i < d; ++i) {
    out[i] = 0;
    for (int64_t j = 0; j < n; ++j) out[i] += scores[j] * inverse * to_float(values[(begin + j) * d + i]);
  }
}

void attend_cached(const CachedKeys& cache, const float* q, int64_t heads, int64_t begin, int64_t end, float scale, float* out) {
  const int64_t d = cache.head_dim, group = heads / cache.kv_heads, stride = cache.capacity * d;
  parallel_for(heads, (end - begin) * d / 4, [&](int64_t first, int64_t last) {
    std::vector<float> scores(static_cast<size_t>(end - begin));
    for (int64_t h = first; h < last; ++h) {
      const int64_t at = h / group * stride;
      if (cache.type == DType::f32)
        head_attention(static_cast<const float*>(cache.keys) + at, static_cast<const float*>(cache.values) + at, d, q + h * d, begin, end, scale, scores.data(),
                       out + h * d);
      else
        head_attention(static_cast<const bf16*>(cache.keys) + at, static_cast<const bf16*>(cache.values) + at, d, q + h * d, begin, end, scale, scores.data(),
                       out + h * d);
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
