#include "text/t5.h"

#include <algorithm>
#include <cmath>

#include "base/parallel.h"

namespace ptah {

T5Encoder::T5Encoder(Weights& weights, const std::string& prefix, WeightPacking packing, const T5Config& config) : config_(config) {
  const WeightBinder b{weights, prefix, false, packing};
  embedding_ = b.matrix(b.has("shared.weight") ? "shared.weight" : "encoder.embed_tokens.weight");
  const auto gain = [&](const std::string& name) { return f32_parameter(b.scope(name), "weight", {width()}, Init::ones); };
  positions_ = b.matrix("encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight");
  heads_ = positions_.dim(1);
  if (positions_.dim(0) < 4 || positions_.dim(0) % 4)
    throw Failure({ErrorCode::mismatch, fmt::format("weights: '{}' has {} buckets of positions; a multiple of 4 is expected", prefix, positions_.dim(0))});
  for (int i = 0; b.has(fmt::format("encoder.block.{}.layer.0.SelfAttention.q.weight", i)); ++i) {
    const std::string attention = fmt::format("encoder.block.{}.layer.0.", i), inner = fmt::format("encoder.block.{}.layer.1.", i);
    Layer layer;
    layer.norm1 = gain(attention + "layer_norm");
    layer.query = b.linear(attention + "SelfAttention.q");
    layer.key = b.linear(attention + "SelfAttention.k");
    layer.value = b.linear(attention + "SelfAttention.v");
    layer.out = b.linear(attention + "SelfAttention.o");
    layer.norm2 = gain(inner + "layer_norm");
    layer.gate = b.linear(inner + "DenseReluDense.wi_0");
    layer.up = b.linear(inner + "DenseReluDense.wi_1");
    layer.down = b.linear(inner + "DenseReluDense.wo");
    const int64_t projected = layer.query.weight.dim(0);
    if (projected % heads_ || layer.key.weight.dim(0) != projected || layer.value.weight.dim(0) != projected || layer.out.weight.dim(1) != projected ||
        layer.out.weight.dim(0) != width() || layer.query.weight.dim(1) != width() || layer.key.weight.dim(1) != width() ||
        layer.value.weight.dim(1) != width() || layer.gate.weight.dim(1) != width() || layer.up.weight.shape() != layer.gate.weight.shape() ||
        layer.down.weight.shape() != Shape({width(), layer.up.weight.dim(0)}))
      throw Failure({ErrorCode::mismatch, fmt::format("weights: the matrices of '{}encoder.block.{}' do not fit one another", prefix, i)});
    layers_.push_back(std::move(layer));
  }
  if (layers_.empty()) (void)b.shape("encoder.block.0.layer.0.SelfAttention.q.weight");  // throws
  norm_ = gain("encoder.final_layer_norm");
}

void T5Encoder::rest() const {
  for (const Layer& layer : layers_)
    for (const Linear* linear : {&layer.query, &layer.key, &layer.value, &layer.out, &layer.gate, &layer.up, &layer.down}) forget_packed(linear->weight);
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
      if (id < 0 || id >= vocabulary()) throw Failure({ErrorCode::invalid_argument, fmt::format("t5: id {} of {} words", id, vocabulary())});
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
    const Tensor seen = rms_norm(x, {layer.norm1, {}, config_.eps}), q = layer.query(seen), k = layer.key(seen), v = layer.value(seen);
    std::vector<Tensor> made;
    for (int64_t h = 0; h < heads_; ++h) {
      const auto part = [&](const Tensor& of) { return slice(of, 2, h * head, (h + 1) * head); };
      made.push_back(attention(part(q), part(k), part(v), {.heads = 1, .bias = bias[static_cast<size_t>(h)], .scale = 1}));
    }
    x = layer.out(concat(made, 2), Activation::none, x);
    const Tensor inner = rms_norm(x, {layer.norm2, {}, config_.eps});
    x = layer.down(mul(layer.gate(inner, Activation::gelu), layer.up(inner)), Activation::none, x);
  }
  return rms_norm(x, {norm_, {}, config_.eps}).reshape({n, tokens, width()});
}

}  // namespace ptah
