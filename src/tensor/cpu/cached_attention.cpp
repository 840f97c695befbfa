// Attention of one position over a sequence's cached keys and values.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/cpu/cached_attention.cpp"
#include <hwy/foreach_target.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "base/memory.h"
#include "tensor/cpu/simd-inl.h"
#include "tensor/decoder_ops.h"

HWY_BEFORE_NAMESPACE();
namespace ptah::HWY_NAMESPACE {

constexpr int64_t kLanes = hn::MaxLanes(DF());

/// The sum of each of kLanes vectors, in order: neighbours are added until one vector is left.
template <int64_t n>
HWY_INLINE VF sum_each(VF* v) {
#if HWY_TARGET != HWY_SCALAR
  if constexpr (n > 1) {
    for (int64_t i = 0; i < n / 2; ++i) v[i] = hn::Add(hn::ConcatEven(DF(), v[2 * i + 1], v[2 * i]), hn::ConcatOdd(DF(), v[2 * i + 1], v[2 * i]));
    return sum_each<n / 2>(v);
  }
#endif
  return v[0];
}

/// Rows of f32 or bf16.
template <class T>
struct PlainRow {
  const T* at;
  PlainRow(const std::byte* row, int64_t /*d*/) : at(reinterpret_cast<const T*>(row)) {}
  HWY_INLINE VF vector(int64_t i) const { return load(at + i); }
  float one(int64_t i) const { return to_float(at[i]); }
};
/// Rows of 8-bit numbers, scales behind them.
struct RoundedRow {
  const int8_t* at;
  const bf16* scales;
  RoundedRow(const std::byte* row, int64_t d) : at(reinterpret_cast<const int8_t*>(row)), scales(reinterpret_cast<const bf16*>(row + d)) {}
  HWY_INLINE VF vector(int64_t i) const { return hn::Mul(load(at + i), splat(to_float(scales[i / 32]))); }
  float one(int64_t i) const { return static_cast<float>(at[i]) * to_float(scales[i / 32]); }
};

/// What a part of the positions gives for one head: the largest score, and sums of e^(score − largest) and of values weighted so.
struct PartSums {
  float largest = 0, total = 0;
  float* values = nullptr;  ///< [d]
};

constexpr int kTogether = 4;  ///< heads of queries that read a row at once

/// Scores of `count` heads for the rows [0, n) of one head of keys: scores[h][j] = scale · q[h] · key[j].
template <class Row, int count>
void score_rows(const std::byte* keys, int64_t row_bytes, int64_t n, const float* q, int64_t d, float scale, float (*scores)[kPagePositions + kMaxLanes]) {
  const int64_t whole = d - d % kLanes;
  HWY_ALIGN float sums[count][kLanes][kLanes] = {};
  for (int64_t j = 0; j < n; j += kLanes) {
    const int64_t some = std::min(kLanes, n - j);
    const auto multiply = [&](int64_t from, auto many) HWY_ATTR {
      for (int64_t r = 0; r < some; ++r) {
        const Row key(keys + (j + r) * row_bytes, d);
        VF row[many.value];
        for (int i = 0; i < many.value; ++i) row[i] = key.vector(from + i * kLanes);
        for (int h = 0; h < count; ++h) {
          VF sum = from == 0 ? hn::Zero(DF()) : load(sums[h][r]);
          for (int i = 0; i < many.value; ++i) sum = hn::MulAdd(load(q + h * d + from + i * kLanes), row[i], sum);
          store(sum, sums[h][r]);
        }
      }
    };
    int64_t from = 0;
    for (; from + 4 * kLanes <= whole; from += 4 * kLanes) multiply(from, std::integral_constant<int, 4>());
    for (; from < whole; from += kLanes) multiply(from, std::integral_constant<int, 1>());
    for (int h = 0; h < count; ++h) {
      VF dots[kLanes];
      for (int64_t r = 0; r < kLanes; ++r) dots[r] = load(sums[h][r]);
      store(sum_each<kLanes>(dots), scores[h] + j);
      for (int64_t r = 0; r < some; ++r) {
        for (int64_t i = whole; i < d; ++i) scores[h][j + r] += q[h * d + i] * Row(keys + (j + r) * row_bytes, d).one(i);
        scores[h][j + r] *= scale;
      }
    }
  }
}

/// Scores become weights.
void weigh_rows(float* scores, int64_t n, PartSums& part) {
  float largest = -INFINITY;
  for (int64_t j = 0; j < n; ++j) largest = largest > scores[j] ? largest : scores[j];
  VF total = hn::Zero(DF());
  for (int64_t j = 0; j < n; j += kLanes) {
    const auto there = hn::FirstN(DF(), static_cast<size_t>(n - j));
    const VF weight = hn::IfThenElseZero(there, exp(hn::Sub(load(scores + j), splat(largest))));
    total = hn::Add(total, weight);
    store(weight, scores + j);
  }
  part.largest = largest;
  part.total = sum_lanes(total);
}

template <class Row, int count>
void add_rows(const std::byte* values, int64_t row_bytes, int64_t n, int64_t d, const float (*weights)[kPagePositions + kMaxLanes], PartSums* parts) {
  const int64_t whole = d - d % kLanes;
  const auto add = [&](int64_t from, auto many) HWY_ATTR {  // the sums of `count` heads stay in registers
    VF sums[count][many.value];
    for (auto& of_head : sums)
      for (VF& sum : of_head) sum = hn::Zero(DF());
    for (int64_t j = 0; j < n; ++j) {
      const Row value(values + j * row_bytes, d);
      VF row[many.value];
      for (int i = 0; i < many.value; ++i) row[i] = value.vector(from + i * kLanes);
      for (int h = 0; h < count; ++h) {
        const VF weight = splat(weights[h][j]);
        for (int i = 0; i < many.value; ++i) sums[h][i] = hn::MulAdd(weight, row[i], sums[h][i]);
      }
    }
    for (int h = 0; h < count; ++h)
      for (int i = 0; i < many.value; ++i) store(sums[h][i], parts[h].values + from + i * kLanes);
  };
  int64_t from = 0;
  for (; from + 4 * kLanes <= whole; from += 4 * kLanes) add(from, std::integral_constant<int, 4>());
  for (; from < whole; from += kLanes) add(from, std::integral_constant<int, 1>());
  for (int h = 0; h < count; ++h)
    for (int64_t i = whole; i < d; ++i) {
      parts[h].values[i] = 0;
      for (int64_t j = 0; j < n; ++j) parts[h].values[i] += weights[h][j] * Row(values + j * row_bytes, d).one(i);
    }
}

/// The positions [begin, end) of one page for `count` heads that share its keys.
template <class Row, int count>
void attend_page(const CachedKeys& cache, int64_t kv_head, const float* q, int64_t begin, int64_t end, float scale, PartSums* parts) {
  float scores[count][kPagePositions + kMaxLanes];
  const std::byte* keys = cache.pages[begin / kPagePositions] + cache.offset(kv_head, begin);
  const int64_t row_bytes = cache.row_bytes(), n = end - begin;
  score_rows<Row, count>(keys, row_bytes, n, q, cache.head_dim, scale, scores);
  for (int h = 0; h < count; ++h) weigh_rows(scores[h], n, parts[h]);
  add_rows<Row, count>(keys + cache.page_bytes() / 2, row_bytes, n, cache.head_dim, scores, parts);
}

using AttendPage = void (*)(const CachedKeys&, int64_t, const float*, int64_t, int64_t, float, PartSums*);
template <class Row>
AttendPage attend_page_of(int64_t count) {
  static constexpr AttendPage kBy[kTogether] = {attend_page<Row, 1>, attend_page<Row, 2>, attend_page<Row, 3>, attend_page<Row, 4>};
  return kBy[count - 1];
}
AttendPage attend_page_of(CacheType type, int64_t count) {
  return type == CacheType::f32    ? attend_page_of<PlainRow<float>>(count)
         : type == CacheType::bf16 ? attend_page_of<PlainRow<bf16>>(count)
                                   : attend_page_of<RoundedRow>(count);
}

/// The parts' sums as one: out = Σ values / Σ total, each part scaled to the largest score of all.
void join_parts(const PartSums* parts, int64_t count, int64_t d, float* out) {
  float largest = -INFINITY, total = 0;
  for (int64_t p = 0; p < count; ++p) largest = largest > parts[p].largest ? largest : parts[p].largest;
  for (int64_t p = 0; p < count; ++p) total += parts[p].total * std::exp(parts[p].largest - largest);
  for (int64_t i = 0; i < d; ++i) out[i] = 0;
  for (int64_t p = 0; p < count; ++p) {
    const float scale = std::exp(parts[p].largest - largest) / total;
    for (int64_t i = 0; i < d; ++i) out[i] += parts[p].values[i] * scale;
  }
}

void attend_cached(const CachedKeys& cache, const float* q, int64_t heads, int64_t begin, int64_t end, float scale, float* out) {
  const int64_t d = cache.head_dim, group = heads / cache.kv_heads;
  const int64_t first = begin / kPagePositions, pages = (end - 1) / kPagePositions + 1 - first;
  std::vector<float> values(static_cast<size_t>(heads * pages * d));
  std::vector<PartSums> parts(static_cast<size_t>(heads * pages));
  for (int64_t p = 0; p < heads * pages; ++p) parts[static_cast<size_t>(p)].values = values.data() + p * d;
  // A task is a page and some heads that share its keys; only one head where there is little to share out. What is computed is the same.
  const int64_t max_heads = cache.kv_heads * pages >= 4 ? std::min<int64_t>(kTogether, group) : 1, sets = (group + max_heads - 1) / max_heads;
  parallel_for(cache.kv_heads * sets * pages, std::min<int64_t>(end - begin, kPagePositions) * d * max_heads / 4, [&](int64_t from, int64_t to) {
    for (int64_t task = from; task < to; ++task) {
      const int64_t page = task % pages, set = task / pages % sets, kv_head = task / pages / sets;
      const int64_t head = kv_head * group + set * max_heads, count = std::min(max_heads, group - set * max_heads);
      const int64_t low = std::max(begin, (first + page) * kPagePositions), high = std::min(end, (first + page + 1) * kPagePositions);
      PartSums here[kTogether];
      for (int64_t i = 0; i < count; ++i) here[i] = parts[static_cast<size_t>((head + i) * pages + page)];
      attend_page_of(cache.type, count)(cache, kv_head, q + head * d, low, high, scale, here);
      for (int64_t i = 0; i < count; ++i) parts[static_cast<size_t>((head + i) * pages + page)] = here[i];
    }
  });
  for (int64_t h = 0; h < heads; ++h) join_parts(parts.data() + h * pages, pages, d, out + h * d);
}

}  // namespace ptah::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ptah {

HWY_EXPORT(attend_cached);

void cached_attention(const CachedKeys& cache, const float* q, int64_t heads, int64_t begin, int64_t end, float scale, float* out) {
  count_flops(4 * heads * (end - begin) * cache.head_dim);
  if (DryRun::active()) return;
  HWY_DYNAMIC_DISPATCH(attend_cached)(cache, q, heads, begin, end, scale, out);
}

}  // namespace ptah
#endif
