// Scaled dot-product attention in tiles: scores of a block of queries against a block of keys live in cache and a running softmax joins the blocks
// (Dao et al., "FlashAttention", 2022; backward after its algorithm 4).
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/ops/attention.cpp"
#include <hwy/foreach_target.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "base/memory.h"
#include "base/profile.h"
#include "tensor/cpu/simd-inl.h"
#include "tensor/cpu/tile_gemm.h"
#include "tensor/ops.h"

#ifndef PTAH_TENSOR_OPS_ATTENTION_CALL
#define PTAH_TENSOR_OPS_ATTENTION_CALL
namespace ptah {
/// Where the heads of one tensor lie: element (b, i, h, e) at b·batch_step + i·row_step + h·d + e.
struct HeadView {
  const void* data = nullptr;
  int64_t row_step = 0, batch_step = 0;
};
struct AttentionCall {
  DType type;
  int64_t batch, heads, kv_heads, queries, keys, d;
  HeadView q, k, v;
  float scale;
  bool causal;
  int64_t window;  ///< 0: none
  const int32_t* key_lengths;
  const float* bias;
  int64_t query_block, key_block;  ///< rows and columns of a tile: 64 and 64 (256 of many keys), or the whole of a short side
  int64_t visible(int64_t b) const { return key_lengths ? std::min<int64_t>(std::max(key_lengths[b], 0), keys) : keys; }
  /// Keys that query i of batch b sees: [0, …).
  int64_t visible(int64_t b, int64_t i) const {
    const int64_t all = visible(b);
    return causal ? std::min(all, std::max<int64_t>(0, i + keys - queries + 1)) : all;
  }
  /// The first of them.
  int64_t first_visible(int64_t i) const { return window > 0 ? std::max<int64_t>(0, i + keys - queries + 1 - window) : 0; }
};
inline int64_t round_up(int64_t value, int64_t unit) { return (value + unit - 1) / unit * unit; }
}  // namespace ptah
#endif

HWY_BEFORE_NAMESPACE();
namespace ptah::HWY_NAMESPACE {

/// Rows [first, first + count) of a head as block elements, zero-padded to rows × width.
template <class T, class C>
HWY_INLINE void load_block(const HeadView& view, int64_t b, int64_t h, int64_t d, int64_t first, int64_t count, int64_t rows, int64_t width, C* to) {
  const T* from = static_cast<const T*>(view.data) + b * view.batch_step + first * view.row_step + h * d;
  for (int64_t i = 0; i < rows; ++i) {
    C* row = to + i * width;
    if (i >= count) {
      std::memset(static_cast<void*>(row), 0, static_cast<size_t>(width) * sizeof(C));
      continue;
    }
    const T* x = from + i * view.row_step;
    if constexpr (std::is_same_v<T, C>) {
      std::memcpy(static_cast<void*>(row), x, static_cast<size_t>(d) * sizeof(C));
    } else {
      for (int64_t e = 0; e < d; e += lanes()) store_n(load_n(x + e, d - e), row + e, d - e);
    }
    if (width > d) std::memset(static_cast<void*>(row + d), 0, static_cast<size_t>(width - d) * sizeof(C));
  }
}

template <class T>
HWY_INLINE void store_block(const float* from, int64_t width, T* to, int64_t row_step, int64_t count, int64_t d, float factor) {
  for (int64_t i = 0; i < count; ++i)
    for (int64_t e = 0; e < d; e += lanes()) store_n(hn::Mul(load_n(from + i * width + e, d - e), splat(factor)), to + i * row_step + e, d - e);
}

/// 2^x for x ≤ 0: to 4·10⁻⁵ where it is rounded to bf16 afterwards, else to 2·10⁻⁷ (Taylor's series round the nearest whole number).
template <class C>
HWY_INLINE VF power_of_two(VF x) {
  x = hn::Max(x, splat(-126.0F));
  const auto whole = hn::NearestInt(x);
  const VF r = hn::Sub(x, hn::ConvertTo(DF(), whole));
  VF p = splat(9.61812911e-3F);
  if constexpr (!std::is_same_v<C, bf16>) {
    p = hn::MulAdd(splat(1.54035304e-4F), r, splat(1.33335581e-3F));
    p = hn::MulAdd(p, r, splat(9.61812911e-3F));
  }
  p = hn::MulAdd(p, r, splat(5.55041087e-2F));
  p = hn::MulAdd(p, r, splat(2.40226507e-1F));
  p = hn::MulAdd(p, r, splat(6.93147181e-1F));
  p = hn::MulAdd(p, r, splat(1.0F));
  return hn::BitCast(DF(), hn::Add(hn::BitCast(DI(), p), hn::ShiftLeft<23>(whole)));
}

HWY_INLINE void store_probability(VF value, float* to) { store(value, to); }
/// Rounded to nearest; NaN does not matter here.
HWY_INLINE void store_probability(VF value, bf16* to) {
  const auto rounded = hn::ShiftRight<16>(hn::Add(hn::BitCast(DU(), value), hn::Set(DU(), 0x8000)));
  hn::StoreU(hn::DemoteTo(D16(), hn::BitCast(DI(), rounded)), D16(), reinterpret_cast<uint16_t*>(to));
}

/// Keys turned and values, each block of a head as the products read it: [batch, kv_heads, blocks][key_block · width].
template <class T, class C>
void pack_keys(const AttentionCall& call, const detail::TileKernels<C>& tile, C* k_packed, C* v_packed) {
  const int64_t d = call.d, width = round_up(d, 32), columns = round_up(d, tile.column_unit), kb_rows = call.key_block, block_elements = kb_rows * width;
  const int64_t key_blocks = (call.keys + kb_rows - 1) / kb_rows;
  parallel_for(call.batch * call.kv_heads * key_blocks, block_elements * 4, [&](int64_t begin, int64_t end) {
    std::vector<C> rows(static_cast<size_t>(block_elements));
    for (int64_t i = begin; i < end; ++i) {
      const int64_t b = i / key_blocks / call.kv_heads, h = i / key_blocks % call.kv_heads, first = i % key_blocks * kb_rows;
      const int64_t count = std::min(kb_rows, call.keys - first);
      load_block<T>(call.k, b, h, d, first, count, kb_rows, width, rows.data());
      tile.pack_transposed(rows.data(), width, width, kb_rows, k_packed + i * block_elements);
      load_block<T>(call.v, b, h, d, first, count, kb_rows, width, rows.data());
      tile.pack(rows.data(), width, kb_rows, columns, v_packed + i * block_elements);
    }
  });
}

/// Scores of which none is hidden become e^(scale · score − most), given the greatest so far; the sum of each lane, and the new greatest. The scale goes into
/// the exponent.
template <class C>
HWY_INLINE VF weigh_all(const float* score, int64_t columns, float scale, float before, float& now, C* probability) {
  VF high = splat(-INFINITY);
  for (int64_t j = 0; j < columns; j += lanes()) high = hn::Max(high, load(score + j));
  now = std::max(before, scale * max_lanes(high));
  constexpr float kLog2e = 1.44269504F;
  const VF by = splat(scale * kLog2e), less = splat(now * kLog2e);
  VF sum = hn::Zero(DF());
  for (int64_t j = 0; j < columns; j += lanes()) {
    const VF e = power_of_two<C>(hn::MulSub(load(score + j), by, less));
    sum = hn::Add(sum, e);
    store_probability(e, probability + j);
  }
  return sum;
}

/// Scores scaled, with their bias, −∞ outside [hidden, valid); the greatest.
HWY_INLINE float mask_scores(float* score, int64_t columns, float scale, int64_t hidden, int64_t valid, const float* bias) {
  VF high = splat(-INFINITY);
  for (int64_t j = 0; j < columns; j += lanes()) {
    VF v = hn::Mul(load(score + j), splat(scale));
    if (j + lanes() > valid) v = j >= valid ? splat(-INFINITY) : hn::IfThenElse(hn::FirstN(DF(), static_cast<size_t>(valid - j)), v, splat(-INFINITY));
    if (j < hidden) v = hn::IfThenElse(hn::FirstN(DF(), static_cast<size_t>(hidden - j)), splat(-INFINITY), v);
    if (bias && j < valid) v = hn::Add(v, load_n(bias + j, valid - j));
    store(v, score + j);
    high = hn::Max(high, v);
  }
  return max_lanes(high);
}

template <class T, class C>
void attention_forward_of(const AttentionCall& call, const detail::TileKernels<C>& tile, void* out, float* lse) {
  const int64_t d = call.d, width = round_up(d, 32), depth = round_up(d, tile.depth_unit), columns = round_up(d, tile.column_unit);
  const int64_t qb_rows = call.query_block, kb_rows = call.key_block;
  const int64_t key_blocks = (call.keys + kb_rows - 1) / kb_rows;
  const int64_t query_blocks = (call.queries + qb_rows - 1) / qb_rows, pairs = call.batch * call.heads, key_pairs = call.batch * call.kv_heads;
  const int64_t group = call.heads / call.kv_heads;
  const int64_t block_elements = kb_rows * width, query_elements = qb_rows * width;
  const Block k_block(static_cast<size_t>(key_pairs * key_blocks * block_elements) * sizeof(C));
  const Block v_block(static_cast<size_t>(key_pairs * key_blocks * block_elements) * sizeof(C));
  C *k_packed = static_cast<C*>(k_block.data()), *v_packed = static_cast<C*>(v_block.data());
  pack_keys<T>(call, tile, k_packed, v_packed);
  parallel_for(pairs * query_blocks, call.keys * qb_rows * (d / 8 + 16), [&](int64_t begin, int64_t end) {
    std::vector<C> q(static_cast<size_t>(query_elements)), p(static_cast<size_t>(qb_rows * kb_rows));
    std::vector<float> s(static_cast<size_t>(qb_rows * kb_rows)), o(static_cast<size_t>(query_elements)), top(static_cast<size_t>(qb_rows)),
        total(static_cast<size_t>(qb_rows));
    /// Row r's sums so far, now that its greatest score is `now`, and the new block's sum.
    const auto join = [&](int64_t r, float before, float now, VF sum, bool any) {
      const float factor = before > -INFINITY ? std::exp(before - now) : 0.0F;
      total[static_cast<size_t>(r)] = total[static_cast<size_t>(r)] * factor + sum_lanes(sum);
      top[static_cast<size_t>(r)] = now;
      if (any && factor != 1.0F)
        for (int64_t e = 0; e < columns; e += lanes())
          store_n(hn::Mul(load_n(o.data() + r * width + e, columns - e), splat(factor)), o.data() + r * width + e, columns - e);
    };
    tile.begin();
    for (int64_t i = begin; i < end; ++i) {
      const int64_t pair = i / query_blocks, b = pair / call.heads, h = pair % call.heads, first = i % query_blocks * qb_rows;
      const int64_t key_pair = b * call.kv_heads + h / group;
      const int64_t count = std::min(qb_rows, call.queries - first), rows = round_up(count, 32);
      load_block<T>(call.q, b, h, d, first, count, rows, width, q.data());
      std::fill(top.begin(), top.end(), -INFINITY);
      std::fill(total.begin(), total.end(), 0.0F);
      const int64_t seen = call.visible(b, first + count - 1), first_block = call.first_visible(first) / kb_rows;
      for (int64_t kb = first_block; kb * kb_rows < seen; ++kb) {
        const int64_t key0 = kb * kb_rows, block = key_pair * key_blocks + kb;
        tile.gemm(rows, kb_rows, depth, q.data(), width, k_packed + block * block_elements, s.data(), kb_rows, false);
        for (int64_t r = 0; r < count; ++r) {
          float* score = s.data() + r * kb_rows;
          const int64_t valid = std::min(kb_rows, call.visible(b, first + r) - key0), hidden = call.first_visible(first + r) - key0;
          const float* bias = call.bias ? call.bias + (first + r) * call.keys + key0 : nullptr;
          C* probability = p.data() + r * kb_rows;
          const float before = top[static_cast<size_t>(r)];
          if (valid == kb_rows && hidden <= 0 && !bias && call.scale > 0) {
            float now;
            const VF sum = weigh_all(score, kb_rows, call.scale, before, now, probability);
            join(r, before, now, sum, kb > first_block);
            continue;
          }
          const float now = std::max(before, mask_scores(score, kb_rows, call.scale, hidden, valid, bias));
          if (!(now > -INFINITY)) {
            std::memset(static_cast<void*>(probability), 0, kb_rows * sizeof(C));
            continue;
          }
          VF sum = hn::Zero(DF());
          for (int64_t j = 0; j < kb_rows; j += lanes()) {
            const VF v = load(score + j);
            const VF e = hn::IfThenElseZero(hn::Gt(v, splat(-INFINITY)), exp(hn::Sub(v, splat(now))));
            sum = hn::Add(sum, e);
            store(e, probability + j);
          }
          join(r, before, now, sum, kb > first_block);
        }
        for (int64_t r = count; r < rows; ++r) std::memset(static_cast<void*>(p.data() + r * kb_rows), 0, kb_rows * sizeof(C));
        tile.gemm(rows, columns, kb_rows, p.data(), kb_rows, v_packed + block * block_elements, o.data(), width, kb > first_block);
      }
      if (seen <= first_block * kb_rows) std::fill(o.begin(), o.end(), 0.0F);
      T* to = static_cast<T*>(out) + ((b * call.queries + first) * call.heads + h) * d;
      for (int64_t r = 0; r < count; ++r) {
        store_block(o.data() + r * width, width, to + r * call.heads * d, 0, 1, d,
                    total[static_cast<size_t>(r)] > 0 ? 1.0F / total[static_cast<size_t>(r)] : 0.0F);
        if (lse)
          lse[pair * call.queries + first + r] =
              total[static_cast<size_t>(r)] > 0 ? top[static_cast<size_t>(r)] + std::log(total[static_cast<size_t>(r)]) : INFINITY;
      }
    }
    tile.end();
  });
}

/// What the queries [first, first + query_block) give a key: the probabilities of their scores, and the gradients of the scores from those of the
/// probabilities.
template <class C>
HWY_INLINE void weigh_column(const AttentionCall& call, int64_t key, int64_t first, const float* scores, const float* slopes, const float* shift,
                             const float* along, C* probabilities, C* gradients) {
  // The first query that sees this key, and the first that does not any more.
  const int64_t own = key - (call.keys - call.queries) - first;
  const int64_t from = call.causal ? std::max(-first, own) : 0, until = call.window > 0 ? own + call.window : call.query_block;
  for (int64_t i = 0; i < call.query_block; i += lanes()) {
    VF score = hn::Mul(load(scores + i), splat(call.scale));
    if (call.bias) {
      HWY_ALIGN float extra[kMaxLanes];
      for (int64_t l = 0; l < lanes(); ++l) extra[l] = first + i + l < call.queries ? call.bias[(first + i + l) * call.keys + key] : 0.0F;
      score = hn::Add(score, hn::Load(DF(), extra));
    }
    const VF base = load(shift + i);
    auto there = hn::And(hn::Lt(base, splat(INFINITY)), hn::Gt(score, splat(-INFINITY)));
    if (from > i) there = hn::And(there, hn::Ge(hn::Iota(DF(), static_cast<float>(i)), splat(static_cast<float>(from))));
    if (until < i + lanes()) there = hn::And(there, hn::Lt(hn::Iota(DF(), static_cast<float>(i)), splat(static_cast<float>(until))));
    const VF probability = hn::IfThenElseZero(there, exp(hn::Sub(score, base)));
    store(probability, probabilities + i);
    store(hn::Mul(probability, hn::Sub(load(slopes + i), load(along + i))), gradients + i);
  }
}

/// Gradients go to dq, dk, dv, laid out as q, k, v are. `grad` and `out` are [b, n, heads·d].
template <class T, class C>
void attention_backward_of(const AttentionCall& call, const detail::TileKernels<C>& tile, const void* grad, const void* out, const float* lse, void* dq,
                           void* dk, void* dv) {
  const int64_t d = call.d, width = round_up(d, 32), qb_rows = call.query_block, kb_rows = call.key_block;
  const int64_t group = call.heads / call.kv_heads, head_blocks = (call.queries + qb_rows - 1) / qb_rows;
  const int64_t query_blocks = group * head_blocks;  // those of the heads that share keys, one head after the other
  const int64_t block_elements = qb_rows * width, key_elements = kb_rows * width, padded = query_blocks * qb_rows;
  const HeadView g_view{grad, call.heads * d, call.queries * call.heads * d};
  const HeadView o_view{out, call.heads * d, call.queries * call.heads * d};
  parallel_for(call.batch * call.kv_heads, group * call.keys * call.queries * (d / 4 + 16), [&](int64_t begin, int64_t end) {
    const auto all = static_cast<size_t>(query_blocks * block_elements), one = static_cast<size_t>(std::max(block_elements, key_elements)),
               square = static_cast<size_t>(qb_rows * kb_rows);
    std::vector<C> q_turned(all), q_packed(all), g_turned(all), g_packed(all), rows(one), k(one), v(one), k_packed(one);
    std::vector<C> p(square), ds(square), ds_packed(square), ds_turned(square);
    std::vector<float> s(square), dp(square), dk_sum(one), dv_sum(one), dq_sum(all), along(static_cast<size_t>(padded)), shift(static_cast<size_t>(padded));
    tile.begin();
    for (int64_t pair = begin; pair < end; ++pair) {
      const int64_t b = pair / call.kv_heads, kv_head = pair % call.kv_heads;
      for (int64_t qb = 0; qb < query_blocks; ++qb) {
        const int64_t h = kv_head * group + qb / head_blocks, first = qb % head_blocks * qb_rows, count = std::min(qb_rows, call.queries - first);
        const int64_t at = qb * block_elements, row0 = qb * qb_rows;
        load_block<T>(call.q, b, h, d, first, count, qb_rows, width, rows.data());
        tile.pack_transposed(rows.data(), width, width, qb_rows, q_turned.data() + at);
        tile.pack(rows.data(), width, qb_rows, width, q_packed.data() + at);
        load_block<T>(g_view, b, h, d, first, count, qb_rows, width, rows.data());
        tile.pack_transposed(rows.data(), width, width, qb_rows, g_turned.data() + at);
        tile.pack(rows.data(), width, qb_rows, width, g_packed.data() + at);
        for (int64_t r = 0; r < qb_rows; ++r) {
          shift[static_cast<size_t>(row0 + r)] = r < count ? lse[(b * call.heads + h) * call.queries + first + r] : INFINITY;
          along[static_cast<size_t>(row0 + r)] = 0;
          if (r >= count) continue;
          const T* g = static_cast<const T*>(g_view.data) + b * g_view.batch_step + (first + r) * g_view.row_step + h * d;
          const T* o = static_cast<const T*>(o_view.data) + b * o_view.batch_step + (first + r) * o_view.row_step + h * d;
          VF sum = hn::Zero(DF());
          for (int64_t e = 0; e < d; e += lanes()) sum = hn::MulAdd(load_n(g + e, d - e), load_n(o + e, d - e), sum);
          along[static_cast<size_t>(row0 + r)] = sum_lanes(sum);
        }
      }
      std::fill(dq_sum.begin(), dq_sum.end(), 0.0F);
      for (int64_t key0 = 0; key0 < call.keys; key0 += kb_rows) {
        const int64_t keys = std::min(kb_rows, call.keys - key0), key_rows = round_up(keys, 32);
        load_block<T>(call.k, b, kv_head, d, key0, keys, kb_rows, width, k.data());
        load_block<T>(call.v, b, kv_head, d, key0, keys, kb_rows, width, v.data());
        tile.pack(k.data(), width, kb_rows, width, k_packed.data());
        std::fill(dk_sum.begin(), dk_sum.end(), 0.0F);
        std::fill(dv_sum.begin(), dv_sum.end(), 0.0F);
        for (int64_t qb = 0; qb < query_blocks; ++qb) {
          const int64_t first = qb % head_blocks * qb_rows, at = qb * block_elements, row0 = qb * qb_rows;
          const int64_t last = std::min(first + qb_rows, call.queries) - 1;
          if (call.visible(b, last) <= key0 || call.first_visible(first) >= key0 + keys) continue;
          tile.gemm(key_rows, qb_rows, width, k.data(), width, q_turned.data() + at, s.data(), qb_rows, false);
          tile.gemm(key_rows, qb_rows, width, v.data(), width, g_turned.data() + at, dp.data(), qb_rows, false);
          for (int64_t j = 0; j < key_rows; ++j) {
            C *p_row = p.data() + j * qb_rows, *ds_row = ds.data() + j * qb_rows;
            if (j >= keys || key0 + j >= call.visible(b)) {
              std::memset(static_cast<void*>(p_row), 0, qb_rows * sizeof(C));
              std::memset(static_cast<void*>(ds_row), 0, qb_rows * sizeof(C));
              continue;
            }
            const float *scores = s.data() + j * qb_rows, *slopes = dp.data() + j * qb_rows;
            weigh_column(call, key0 + j, first, scores, slopes, shift.data() + row0, along.data() + row0, p_row, ds_row);
          }
          tile.gemm(key_rows, width, qb_rows, p.data(), qb_rows, g_packed.data() + at, dv_sum.data(), width, true);
          tile.gemm(key_rows, width, qb_rows, ds.data(), qb_rows, q_packed.data() + at, dk_sum.data(), width, true);
          tile.pack(ds.data(), qb_rows, key_rows, qb_rows, ds_packed.data());
          tile.unpack_transposed(ds_packed.data(), key_rows, qb_rows, ds_turned.data());
          tile.gemm(qb_rows, width, key_rows, ds_turned.data(), key_rows, k_packed.data(), dq_sum.data() + at, width, true);
        }
        store_block(dk_sum.data(), width, static_cast<T*>(dk) + b * call.k.batch_step + key0 * call.k.row_step + kv_head * d, call.k.row_step, keys, d,
                    call.scale);
        store_block(dv_sum.data(), width, static_cast<T*>(dv) + b * call.v.batch_step + key0 * call.v.row_step + kv_head * d, call.v.row_step, keys, d, 1.0F);
      }
      for (int64_t qb = 0; qb < query_blocks; ++qb) {
        const int64_t h = kv_head * group + qb / head_blocks, first = qb % head_blocks * qb_rows, count = std::min(qb_rows, call.queries - first);
        store_block(dq_sum.data() + qb * block_elements, width, static_cast<T*>(dq) + b * call.q.batch_step + first * call.q.row_step + h * d, call.q.row_step,
                    count, d, call.scale);
      }
    }
    tile.end();
  });
}

void attention_forward(const AttentionCall& call, void* out, float* lse) {
  const auto* native = detail::bf16_tile_kernels();
  if (call.type == DType::bf16 && native) return attention_forward_of<bf16>(call, *native, out, lse);
  if (call.type == DType::bf16) return attention_forward_of<bf16>(call, detail::f32_tile_kernels(), out, lse);
  attention_forward_of<float>(call, detail::f32_tile_kernels(), out, lse);
}

void attention_backward(const AttentionCall& call, const void* grad, const void* out, const float* lse, void* dq, void* dk, void* dv) {
  const auto* native = detail::bf16_tile_kernels();
  if (call.type == DType::bf16 && native) return attention_backward_of<bf16>(call, *native, grad, out, lse, dq, dk, dv);
  if (call.type == DType::bf16) return attention_backward_of<bf16>(call, detail::f32_tile_kernels(), grad, out, lse, dq, dk, dv);
  attention_backward_of<float>(call, detail::f32_tile_kernels(), grad, out, lse, dq, dk, dv);
}

}  // namespace ptah::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ptah {

HWY_EXPORT(attention_forward);
HWY_EXPORT(attention_backward);

namespace {

HeadView head_view(const Tensor& x, int64_t part, int64_t parts) {
  const int64_t row = x.dim(2), width = row / parts;
  const char* data = static_cast<const char*>(x.raw());
  return {data ? data + part * width * static_cast<int64_t>(size_of(x.dtype())) : nullptr, row, x.dim(1) * row};
}

struct Operands {
  Tensor q, k, v;  ///< some may be the same tensor
  int64_t q_part = 0, q_parts = 1, k_part = 0, v_part = 0, kv_parts = 1;
};

AttentionCall make_call(const Operands& o, const AttentionArgs& args) {
  AttentionCall call{};
  call.type = o.q.dtype();
  call.batch = o.q.dim(0);
  call.heads = args.heads;
  call.kv_heads = args.kv_heads ? args.kv_heads : args.heads;
  call.queries = o.q.dim(1);
  call.keys = o.k.dim(1);
  const int64_t width = o.q.dim(2) / o.q_parts;
  call.d = width / args.heads;
  call.q = head_view(o.q, o.q_part, o.q_parts);
  call.k = head_view(o.k, o.k_part, o.kv_parts);
  call.v = head_view(o.v, o.v_part, o.kv_parts);
  call.scale = args.scale != 0 ? args.scale : 1.0F / std::sqrt(static_cast<float>(std::max<int64_t>(call.d, 1)));
  call.causal = args.causal;
  call.window = args.window;
  call.key_lengths = args.key_lengths.defined() ? args.key_lengths.data<int32_t>() : nullptr;
  call.bias = args.bias.defined() ? args.bias.data<float>() : nullptr;
  const auto block = [](int64_t length) { return length <= 128 ? std::max<int64_t>(32, round_up(length, 32)) : 64; };
  call.query_block = block(call.queries);
  call.key_block = call.keys >= 512 ? 256 : block(call.keys);
  return call;
}

void check(const Operands& o, const AttentionArgs& args) {
  for (const Tensor* x : {&o.q, &o.k, &o.v})
    PTAH_CHECK(x->rank() == 3 && x->dtype() == o.q.dtype() && (x->dtype() == DType::f32 || x->dtype() == DType::bf16),
               "attention takes [batch, length, width] in f32 or bf16, not {} {}", name_of(x->dtype()), x->shape().str());
  const int64_t width = o.q.dim(2) / o.q_parts;
  PTAH_CHECK(args.heads > 0 && width % args.heads == 0, "attention: width {} in {} heads", width, args.heads);
  const int64_t kv_heads = args.kv_heads ? args.kv_heads : args.heads, kv_width = width / args.heads * kv_heads;
  PTAH_CHECK(kv_heads > 0 && args.heads % kv_heads == 0, "attention: {} heads share {} of keys and values", args.heads, kv_heads);
  PTAH_CHECK(args.window == 0 || (args.window > 0 && args.causal), "attention: a window of {} that is not causal", args.window);
  PTAH_CHECK(o.k.dim(0) == o.q.dim(0) && o.v.dim(0) == o.q.dim(0) && o.k.dim(1) == o.v.dim(1) && o.k.dim(2) == kv_width * o.kv_parts &&
                 o.v.dim(2) == kv_width * o.kv_parts,
             "attention: q {}, k {}, v {} do not fit", o.q.shape().str(), o.k.shape().str(), o.v.shape().str());
  if (args.key_lengths.defined())
    PTAH_CHECK(args.key_lengths.dtype() == DType::i32 && args.key_lengths.elements() == o.q.dim(0), "attention: key_lengths {}",
               args.key_lengths.shape().str());
  if (args.bias.defined())
    PTAH_CHECK(args.bias.dtype() == DType::f32 && args.bias.shape() == (Shape{o.q.dim(1), o.k.dim(1)}), "attention: bias {}", args.bias.shape().str());
}

struct Attended {
  Tensor out, lse;
};

Attended run(const Operands& o, const AttentionArgs& args, bool recording) {
  check(o, args);
  const AttentionCall call = make_call(o, args);
  count_flops(4 * call.batch * call.heads * call.queries * call.keys * call.d);
  Attended made{Tensor::empty({call.batch, call.queries, call.heads * call.d}, call.type), {}};
  if (recording) made.lse = Tensor::empty({call.batch, call.heads, call.queries});
  if (made.out.elements() > 0) HWY_DYNAMIC_DISPATCH(attention_forward)(call, made.out.raw(), recording ? made.lse.data<float>() : nullptr);
  return made;
}

/// Gradients of the three operands, as views (q, k, v) into tensors of the same layout.
void run_backward(const Operands& o, const AttentionArgs& args, const Attended& made, const Tensor& grad, const Operands& to) {
  const AttentionCall call = make_call(o, args), target = make_call(to, args);
  count_flops(10 * call.batch * call.heads * call.queries * call.keys * call.d);
  if (made.out.elements() == 0 && call.keys == 0) return;
  HWY_DYNAMIC_DISPATCH(attention_backward)
  (call, grad.raw(), made.out.raw(), made.lse.data<float>(), const_cast<void*>(target.q.data), const_cast<void*>(target.k.data),
   const_cast<void*>(target.v.data));
}

Tensor like(const Tensor& x) { return Tensor::zeros(x.shape(), x.dtype()); }

}  // namespace

Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, const AttentionArgs& args) {
  const Operation operation("attention");
  const bool recording = GradScope::wants({&q, &k, &v});
  Attended made = run({q, k, v}, args, recording);
  if (recording)
    GradScope::record(made.out, {q, k, v}, [q, k, v, args, saved = Attended{made.out.detach(), made.lse}](const Tensor& grad) {
      const Operands to{like(q), like(k), like(v)};
      run_backward({q, k, v}, args, saved, cast(grad, q.dtype()), to);
      return std::vector{to.q, to.k, to.v};
    });
  return made.out;
}

Tensor self_attention(const Tensor& qkv, const AttentionArgs& args) {
  const Operation operation("attention");
  PTAH_CHECK(qkv.rank() == 3 && qkv.dim(2) % 3 == 0, "self_attention of {}", qkv.shape().str());
  const auto parts = [](const Tensor& x) { return Operands{x, x, x, 0, 3, 1, 2, 3}; };
  const bool recording = GradScope::wants({&qkv});
  Attended made = run(parts(qkv), args, recording);
  if (recording)
    GradScope::record(made.out, {qkv}, [qkv, args, parts, saved = Attended{made.out.detach(), made.lse}](const Tensor& grad) {
      const Tensor to = Tensor::empty(qkv.shape(), qkv.dtype());
      run_backward(parts(qkv), args, saved, cast(grad, qkv.dtype()), parts(to));
      return std::vector{to};
    });
  return made.out;
}

Tensor cross_attention(const Tensor& q, const Tensor& kv, const AttentionArgs& args) {
  const Operation operation("attention to the text");
  PTAH_CHECK(kv.rank() == 3 && kv.dim(2) % 2 == 0, "cross_attention with {}", kv.shape().str());
  const auto parts = [](const Tensor& query, const Tensor& x) { return Operands{query, x, x, 0, 1, 0, 1, 2}; };
  const bool recording = GradScope::wants({&q, &kv});
  Attended made = run(parts(q, kv), args, recording);
  if (recording)
    GradScope::record(made.out, {q, kv}, [q, kv, args, parts, saved = Attended{made.out.detach(), made.lse}](const Tensor& grad) {
      const Operands to = parts(Tensor::empty(q.shape(), q.dtype()), like(kv));
      run_backward(parts(q, kv), args, saved, cast(grad, q.dtype()), to);
      return std::vector{to.q, to.k};
    });
  return made.out;
}

}  // namespace ptah
#endif
