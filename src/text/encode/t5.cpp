#include "text/encode/t5.h"

#include <algorithm>
#include <cmath>

#include "base/parallel.h"

namespace ptah {

T5Encoder::T5Encoder(Weights& weights, const std::string& prefix, WeightPacking packing, const T5Config& config) : config_(config) {
  const WeightBinder b{weights, prefix, false, packing};
  embedding_ = b.matrix(b.has("shared.weight") ? "shared.weight" : "encoder.embed_tokens.weight");
  const auto norm = [&](const std::string& name) { return Norm(b.scope(name), width(), false, config.eps); };
  positions_ = b.matrix("encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight");
  heads_ = positions_.dim(1);
  if (positions_.dim(0) < 4 || positions_.dim(0) % 4)
    throw Failure({ErrorCode::mismatch, fmt::format("weights: '{}' has {} buckets of positions; a multiple of 4 is expected", prefix, positions_.dim(0))});
  for (int i = 0; b.has(fmt::format("encoder.block.{}.layer.0.SelfAttention.q.weight", i)); ++i) {
    const std::string attention = fmt::format("encoder.block.{}.layer.0.", i), inner = fmt::format("encoder.block.{}.layer.1.", i);
    Layer layer;
    layer.norm1 = norm(attention + "layer_norm");
    layer.query = b.linear(attention + "SelfAttention.q");
    layer.key = b.linear(attention + "SelfAttention.k");
    layer.value = b.linear(attention + "SelfAttention.v");
    layer.out = b.linear(attention + "SelfAttention.o");
    layer.norm2 = norm(inner + "layer_norm");
    layer.inner = {b.linear(inner + "DenseReluDense.wi_0"), b.linear(inner + "DenseReluDense.wi_1"), b.linear(inner + "DenseReluDense.wo"), Activation::gelu};
    const int64_t projected = layer.query.weight.dim(0);
    if (projected % heads_ || layer.key.weight.dim(0) != projected || layer.value.weight.dim(0) != projected || layer.out.weight.dim(1) != projected ||
        layer.out.weight.dim(0) != width() || layer.query.weight.dim(1) != width() || layer.key.weight.dim(1) != width() ||
        layer.value.weight.dim(1) != width() || layer.inner.gate.weight.dim(1) != width() || layer.inner.up.weight.shape() != layer.inner.gate.weight.shape() ||
        layer.inner.down.weight.shape() != Shape({width(), layer.inner.up.weight.dim(0)}))
      throw Failure({ErrorCode::mismatch, fmt::format("weights: the matrices of '{}encoder.block.{}' do not fit one another", prefix, i)});
    layers_.push_back(std::move(layer));
  }
  if (layers_.empty()) (void)b.shape("encoder.block.0.layer.0.SelfAttention.q.weight");  // throws
  norm_ = norm("encoder.final_layer_norm");
}

void T5Encoder::rest() const {
  for (const Layer& layer : layers_)
    for (const Linear* linear : {&layer.query, &layer.key, &layer.value, &layer.out, &layer.inner.gate, &layer.inner.up, &layer.inner.down})
      forget_packed(linear->weight);
}

int64_t T5Encoder::bucket_of(int64_t distance, int64_t buckets, int64_t farthest) {
  const int64_t half = buckets / 2, exact = half / 2, away = std::abs(distance), side = distance > 0 ? half : 0;
  if (away < exact) return side + away;
  const double share = std::log(static_cast<double>(away) / static_cast<double>(exact)) / std::log(static_cast<double>(farthest) / static_cast<double>(exact));
  return side + std::min(half - 1, exact + static_cast<int64_t>(share * static_cast<double>(half - exact)));
}

Tensor T5Encoder::operator()(const Tensor& ids, DType type) const {
  PTAH_CHECK(ids.rank() == 2 && ids.dtype() == DType::i32, "t5: ids {}", ids.shape().str());
  const int64_t n = ids.dim(0), tokens = ids.dim(1), head = layers_[0].query.weight.dim(0) / heads_;
  if (!DryRun::active())
    for (const int32_t id : ids.span<int32_t>())
      if (id < 0 || id >= vocabulary())
        throw Failure({ErrorCode::invalid_argument, fmt::format("t5: token id {} beyond a vocabulary of {}", id, vocabulary())});
  std::vector<Tensor> bias;  // of each head, f32 [tokens, tokens]
  const Tensor table = cast(positions_, DType::f32);
  for (int64_t h = 0; h < heads_; ++h) {
    Tensor one = Tensor::empty({tokens, tokens});
    if (!DryRun::active())
      for (int64_t q = 0; q < tokens; ++q)
        for (int64_t k = 0; k < tokens; ++k)
          one.data<float>()[q * tokens + k] = std::as_const(table).data<float>()[bucket_of(k - q, table.dim(0), config_.farthest) * heads_ + h];
    bias.push_back(one);
  }
  Tensor x = cast(embedding(passing_numbers(embedding_), ids), type);  // a table of 8-bit floats is not kept widened
  for (const Layer& layer : layers_) {
    const Tensor seen = layer.norm1(x), q = layer.query(seen), k = layer.key(seen), v = layer.value(seen);
    std::vector<Tensor> made;
    for (int64_t h = 0; h < heads_; ++h) {
      const auto part = [&](const Tensor& of) { return slice(of, 2, h * head, (h + 1) * head); };
      made.push_back(attention(part(q), part(k), part(v), {.heads = 1, .bias = bias[static_cast<size_t>(h)], .scale = 1}));
    }
    x = layer.out(concat(made, 2), Activation::none, x);
    x = layer.inner(layer.norm2(x), x);
  }
  return norm_(x).reshape({n, tokens, width()});
}

}  // namespace ptah
