#include "text/lm/fast_decoder.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>

#include "base/memory.h"
#include "base/parallel.h"
#include "tensor/cpu/block_panels.h"
#include "tensor/cpu/dense.h"
#include "tensor/device.h"
#include "tensor/ops.h"

namespace ptah {

/// What several matrices read, rounded once for all of them.
struct FastDecoder::Input {
  const float* x;
  int64_t count;
  bool dense;
  RoundedVectors rounded = {};
  Tensor narrow = {};  ///< in the dtype of the dense product
};

/// One pass of some rows: the rows between the products, and the angles of their positions.
struct FastDecoder::Pass {
  const std::vector<Row>& rows;
  bool dense;
  int64_t count;
  Tensor x, h, q, k, v, joined, mixed, gate, up, added;
  Rotary rotary, local;

  Pass(const LanguageConfig& c, const std::vector<Row>& of, bool all_dense, bool joins) : rows(of), dense(all_dense), count(static_cast<int64_t>(of.size())) {
    const int64_t queries = c.heads * c.head_dim, keys = c.kv_heads * c.head_dim;
    const auto rows_of = [&](int64_t width) { return Tensor::empty({count, width}); };
    x = rows_of(c.width), h = rows_of(c.width), added = rows_of(c.width);
    q = rows_of(queries), k = rows_of(keys), v = rows_of(keys), mixed = rows_of(queries);
    joined = rows_of(joins ? queries + 2 * keys : 0);
    gate = rows_of(c.feed_forward), up = rows_of(c.gated ? c.feed_forward : 0);
  }
  Input input(const Tensor& from) const { return {from.data<float>(), count, dense}; }
};

FastDecoder::FastDecoder(const Decoder& decoder) : net_(decoder), output_(decoder.output), embedding_(decoder.embedding.block_matrix()) {
  if (decoder.positions.defined()) positions_ = decoder.positions.block_matrix();
  for (const TransformerBlock& block : decoder.blocks) {
    const Attention& a = block.attention;
    const FeedForward& f = block.feed_forward;
    layers_.push_back({Projection(a.query), Projection(a.key), Projection(a.value), Projection(a.joined), Projection(a.out), Projection(f.gate),
                       Projection(f.up), Projection(f.down)});
  }
}

/// y [count, rows] = x · Wᵀ of a matrix that is dequantised for it.
void FastDecoder::dense_product(const BlockMatrix& w, Input& in, float* y) {
  const DType type = w.type == BlockType::f32 ? DType::f32 : compute_dtype();
  const Tensor lies = Tensor::wrap(w), wide = lies.dtype() == type ? lies : cast(lies, type);
  const void* a = in.x;
  if (type != DType::f32) {
    if (!in.narrow.defined()) in.narrow = cast(Tensor::wrap({in.count, w.columns}, DType::f32, in.x, nullptr), type);
    a = in.narrow.raw();
  }
  detail::GemmCall call;
  call.m = in.count, call.n = w.rows, call.k = w.columns;
  call.a = a, call.a_type = type;
  call.b = wide.raw(), call.b_type = type, call.b_transposed = true;
  call.c = y, call.c_type = DType::f32;
  detail::gemm(call);
}

void FastDecoder::add_adapter_term(const LowRank& adapter, const Input& in, int64_t outputs, float* y) {
  const BlockMatrix down = adapter.down.block_matrix(), up = adapter.up.block_matrix();
  Tensor low = Tensor::empty({in.count, down.rows}), high = Tensor::empty({in.count, outputs});
  const RoundedVectors none;
  block_product(down, in.x, in.count, none, low.data<float>());
  block_product(up, low.data<float>(), in.count, none, high.data<float>());
  parallel_for(in.count, outputs, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin * outputs; i < end * outputs; ++i) y[i] += adapter.scale * high.data<float>()[i];
  });
}

/// y [count, rows] = x · Wᵀ + bias.
void FastDecoder::product(const Projection& p, Input& in, float* y) {
  const BlockMatrix& w = p.weight;
  const bool panels = in.dense && detail::has_block_panels(w.type);
  if ((panels || (!in.dense && wants_rounded(w.type))) && in.rounded.columns() != w.columns) in.rounded.round(in.x, in.count, w.columns);
  if (panels)
    detail::block_panel_product(w, in.rounded, y);
  else if (in.dense)
    dense_product(w, in, y);
  else
    block_product(w, in.x, in.count, in.rounded, y);
  if (p.layer->bias.defined()) {
    const float* bias = p.layer->bias.data<float>();
    parallel_for(in.count, w.rows, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i)
        for (int64_t j = 0; j < w.rows; ++j) y[i * w.rows + j] += bias[j];
    });
  }
  if (p.layer->adapter) add_adapter_term(*p.layer->adapter, in, w.rows, y);
}

namespace {

/// Row i, or none in a plan.
float* row_of(Tensor& x, int64_t i) { return DryRun::active() ? nullptr : x.data<float>() + i * x.dim(1); }

void norm(const Norm& n, const float* x, int64_t rows, int64_t width, float* out) {
  const float* bias = n.args.bias.defined() ? n.args.bias.data<float>() : nullptr;
  norm_rows(x, rows, width, n.args.weight.data<float>(), bias, n.centred, n.args.eps, out);
}

void norm(const Norm& n, Tensor& x, int64_t heads) {
  if (n.defined()) norm(n, x.data<float>(), x.dim(0) * heads, x.dim(1) / heads, x.data<float>());
}

}  // namespace

void FastDecoder::embed(Pass& pass, const std::vector<int32_t>& tokens) const {
  const LanguageConfig& c = net_.config;
  parallel_for(pass.count, c.width, [&](int64_t begin, int64_t end) {
    std::vector<float> place(static_cast<size_t>(c.learned_positions ? c.width : 0));
    for (int64_t i = begin; i < end; ++i) {
      float* to = pass.x.data<float>() + i * c.width;
      dequantize(embedding_.type, embedding_.row(tokens[static_cast<size_t>(i)]), c.width, to);
      if (c.embedding_scale != 1)
        for (int64_t j = 0; j < c.width; ++j) to[j] *= c.embedding_scale;
      if (!c.learned_positions) continue;
      dequantize(positions_.type, positions_.row(pass.rows[static_cast<size_t>(i)].position), c.width, place.data());
      for (int64_t j = 0; j < c.width; ++j) to[j] += place[static_cast<size_t>(j)];
    }
  });
  if (c.learned_positions) return;
  std::vector<int64_t> positions;
  for (const Row& row : pass.rows) positions.push_back(row.position);
  pass.rotary = Rotary(net_.frequencies(false), positions, c.rotate_halves);
  if (c.window > 0) pass.local = Rotary(net_.frequencies(true), positions, c.rotate_halves);
}

void FastDecoder::attend(Pass& pass, int64_t l) const {
  const LanguageConfig& c = net_.config;
  const TransformerBlock& block = net_.blocks[static_cast<size_t>(l)];
  const Layer& layer = layers_[static_cast<size_t>(l)];
  const int64_t count = pass.count, queries = c.heads * c.head_dim, keys = c.kv_heads * c.head_dim;
  float *q = pass.q.data<float>(), *k = pass.k.data<float>(), *v = pass.v.data<float>();
  norm(block.attention_norm, pass.x.data<float>(), count, c.width, pass.h.data<float>());
  Input in = pass.input(pass.h);
  if (layer.joined.defined()) {
    product(layer.joined, in, pass.joined.data<float>());
    parallel_for(count, queries + 2 * keys, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const float* from = pass.joined.data<float>() + i * (queries + 2 * keys);
        std::copy_n(from, queries, q + i * queries);
        std::copy_n(from + queries, keys, k + i * keys);
        std::copy_n(from + queries + keys, keys, v + i * keys);
      }
    });
  } else {
    product(layer.query, in, q);
    product(layer.key, in, k);
    product(layer.value, in, v);
  }
  norm(block.attention.query_norm, pass.q, c.heads);
  norm(block.attention.key_norm, pass.k, c.kv_heads);
  const Rotary& rotary = c.windowed(l) ? pass.local : pass.rotary;
  parallel_for(count, queries + 2 * keys, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      if (rotary.cosines.defined()) {
        const int64_t half = c.rotated / 2;
        const float *cosines = rotary.cosines.data<float>() + i * half, *sines = rotary.sines.data<float>() + i * half;
        rotate_heads(q + i * queries, c.heads, c.head_dim, cosines, sines, c.rotated, c.rotate_halves);
        rotate_heads(k + i * keys, c.kv_heads, c.head_dim, cosines, sines, c.rotated, c.rotate_halves);
      }
      const Row& row = pass.rows[static_cast<size_t>(i)];
      row.cache->store(l, row.position, k + i * keys, v + i * keys);
    }
  });
  if (pass.dense) {
    attend_densely(pass, l);
  } else {
    for (int64_t i = 0; i < count; ++i) {
      const Row& row = pass.rows[static_cast<size_t>(i)];
      const int64_t begin = c.windowed(l) ? std::max<int64_t>(0, row.position + 1 - c.window) : 0;
      cached_attention(row.cache->layer(l), row_of(pass.q, i), c.heads, begin, row.position + 1, c.scale_of(l), row_of(pass.mixed, i));
    }
  }
  Input heads = pass.input(pass.mixed);
  product(layer.out, heads, pass.added.data<float>());
  add(pass, block.after_attention);
}

namespace {

/// The rows [begin, end) of one head of the keys, or `behind` them of the values, in the dtype of `out`.
void copy_cached_rows(const CachedKeys& kept, int64_t head, int64_t behind, int64_t begin, int64_t end, DType type, std::byte* out) {
  const int64_t d = kept.head_dim, item = static_cast<int64_t>(size_of(type));
  std::vector<float> wide(static_cast<size_t>(d));
  for (int64_t j = begin; j < end;) {  // page by page
    const int64_t run = std::min(end, (j / kPagePositions + 1) * kPagePositions) - j;
    const std::byte* from = kept.pages[j / kPagePositions] + kept.offset(head, j) + behind;
    if (kept.type != CacheType::q8) {
      std::memcpy(out, from, static_cast<size_t>(run * d * item));
    } else {
      for (int64_t r = 0; r < run; ++r) {
        load_cached_row(kept.type, from + r * kept.row_bytes(), d, wide.data());
        store_cached_row(type == DType::f32 ? CacheType::f32 : CacheType::bf16, wide.data(), d, out + r * d * item);
      }
    }
    out += run * d * item;
    j += run;
  }
}

}  // namespace

/// A prompt's queries against its cache, many at once: the queries of the heads that share keys are one matrix.
void FastDecoder::attend_densely(Pass& pass, int64_t l) const {
  const LanguageConfig& c = net_.config;
  const int64_t d = c.head_dim, group = c.heads / c.kv_heads, count = pass.count, position = pass.rows[0].position, end = position + count;
  const int64_t begin = c.windowed(l) ? std::max<int64_t>(0, position + 1 - c.window) : 0, seen = end - begin;
  Tensor bias = Tensor::empty({count * group, seen});
  parallel_for(count, group * seen, [&](int64_t from, int64_t to) {
    for (int64_t i = from; i < to; ++i) {
      const int64_t first = c.windowed(l) ? std::max(begin, position + i + 1 - c.window) : begin;
      for (int64_t g = 0; g < group; ++g) {
        float* row = bias.data<float>() + (i * group + g) * seen;
        for (int64_t j = 0; j < seen; ++j) row[j] = begin + j < first || begin + j > position + i ? -INFINITY : 0;
      }
    }
  });
  // All heads at once: one parallel region, and the copies are small beside the products.
  const CachedKeys kept = pass.rows[0].cache->layer(l);
  const DType type = kept.type == CacheType::f32 ? DType::f32 : kept.type == CacheType::bf16 ? DType::bf16 : compute_dtype();
  Tensor queries = Tensor::empty({c.kv_heads, count * group, d});
  Tensor keys = Tensor::empty({c.kv_heads, seen, d}, type), values = Tensor::empty({c.kv_heads, seen, d}, type);
  const float* q = pass.q.data<float>();
  const int64_t head_bytes = seen * d * static_cast<int64_t>(size_of(type));
  parallel_for(c.kv_heads, (count * group + 2 * seen) * d, [&](int64_t from, int64_t to) {
    for (int64_t h = from; h < to; ++h) {
      for (int64_t i = 0; i < count; ++i) std::copy_n(q + (i * c.heads + h * group) * d, group * d, queries.data<float>() + (h * count + i) * group * d);
      copy_cached_rows(kept, h, 0, begin, end, type, static_cast<std::byte*>(keys.raw()) + h * head_bytes);
      copy_cached_rows(kept, h, kept.page_bytes() / 2, begin, end, type, static_cast<std::byte*>(values.raw()) + h * head_bytes);
    }
  });
  const Tensor asked = type == DType::f32 ? queries : cast(queries, type);
  const Tensor made = cast(attention(asked, keys, values, {.heads = 1, .bias = bias, .scale = c.scale_of(l)}), DType::f32);
  float* out = pass.mixed.data<float>();
  parallel_for(c.kv_heads, count * group * d, [&](int64_t from, int64_t to) {
    for (int64_t h = from; h < to; ++h)
      for (int64_t i = 0; i < count; ++i) std::copy_n(made.data<float>() + (h * count + i) * group * d, group * d, out + (i * c.heads + h * group) * d);
  });
}

void FastDecoder::feed_forward(Pass& pass, int64_t l) const {
  const LanguageConfig& c = net_.config;
  const TransformerBlock& block = net_.blocks[static_cast<size_t>(l)];
  const Layer& layer = layers_[static_cast<size_t>(l)];
  norm(block.feed_forward_norm, pass.x.data<float>(), pass.count, c.width, pass.h.data<float>());
  Input in = pass.input(pass.h);
  if (c.gated) product(layer.gate, in, pass.gate.data<float>());
  product(layer.up, in, c.gated ? pass.up.data<float>() : pass.gate.data<float>());
  gate_rows(pass.gate.data<float>(), c.gated ? pass.up.data<float>() : nullptr, pass.count * c.feed_forward, c.gelu ? Gate::gelu : Gate::silu);
  Input middle = pass.input(pass.gate);
  product(layer.down, middle, pass.added.data<float>());
  add(pass, block.after_feed_forward);
}

void FastDecoder::add(Pass& pass, const Norm& after) const {
  norm(after, pass.added, 1);
  float* x = pass.x.data<float>();
  const float* added = pass.added.data<float>();
  parallel_for(pass.count, net_.config.width, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin * net_.config.width; i < end * net_.config.width; ++i) x[i] += added[i];
  });
}

Tensor FastDecoder::states(const std::vector<int32_t>& tokens, const std::vector<Row>& rows, bool dense) const {
  std::optional<ShortLoops> short_loops;
  if (!dense) short_loops.emplace();
  Pass pass(net_.config, rows, dense, layers_[0].joined.defined());
  embed(pass, tokens);
  for (int64_t l = 0; l < net_.config.layers; ++l) {
    attend(pass, l);
    feed_forward(pass, l);
  }
  norm(net_.final_norm, pass.x, 1);
  return pass.x;
}

void FastDecoder::logits(const float* states, int64_t count, float* out) const {
  const ShortLoops short_loops;
  const int64_t width = net_.config.width, vocabulary = net_.config.vocabulary;
  constexpr int64_t kAtOnce = 32;
  for (int64_t i = 0; i < count; i += kAtOnce) {
    const bool dry = DryRun::active();
    Input in{dry ? nullptr : states + i * width, std::min(kAtOnce, count - i), false};
    product(output_, in, dry ? nullptr : out + i * vocabulary);
  }
}

}  // namespace ptah
