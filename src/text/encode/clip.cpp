#include "text/encode/clip.h"

#include <algorithm>

#include "base/parallel.h"
#include "nn/weight_binder.h"
#include "tensor/device.h"

namespace ptah {

ClipText::ClipText(Weights& weights, const std::string& prefix, const ClipTextConfig& config) : config_(config) {
  const WeightBinder b{weights, prefix};
  const bool open = b.has("token_embedding.weight");
  const std::string base = b.has("embeddings.token_embedding.weight") ? "" : "text_model.";  // newer files of a lone text model leave it out
  const auto table = [&](const std::string& name) { return cast(b.matrix(name), DType::f32); };
  embedding_ = b.matrix(open ? "token_embedding.weight" : base + "embeddings.token_embedding.weight");
  positions_ = table(open ? "positional_embedding" : base + "embeddings.position_embedding.weight");
  for (int i = 0;; ++i) {
    const std::string at = fmt::format("{}.{}.", open ? "transformer.resblocks" : base + "encoder.layers", i);
    if (!b.has(at + (open ? "ln_1.weight" : "layer_norm1.weight"))) break;
    Layer layer;
    layer.norm1 = b.norm(at + (open ? "ln_1" : "layer_norm1"), config.eps);
    layer.norm2 = b.norm(at + (open ? "ln_2" : "layer_norm2"), config.eps);
    if (open) {
      layer.qkv.weight = b.matrix(at + "attn.in_proj_weight");
      layer.qkv.bias = f32_parameter(b.scope(at + "attn"), "in_proj_bias", {b.extent(at + "attn.in_proj_bias", 0)}, Init::zeros);
    } else {
      layer.qkv = b.joined({at + "self_attn.q_proj", at + "self_attn.k_proj", at + "self_attn.v_proj"});
    }
    layer.out = b.linear(at + (open ? "attn.out_proj" : "self_attn.out_proj"));
    layer.up = b.linear(at + (open ? "mlp.c_fc" : "mlp.fc1"));
    layer.down = b.linear(at + (open ? "mlp.c_proj" : "mlp.fc2"));
    layers_.push_back(std::move(layer));
  }
  if (layers_.empty()) (void)b.shape(open ? "transformer.resblocks.0.ln_1.weight" : base + "encoder.layers.0.layer_norm1.weight");
  norm_ = b.norm(open ? "ln_final" : base + "final_layer_norm", config.eps);
  if (b.has("text_projection.weight")) projection_ = table("text_projection.weight");     // [out, width]
  if (b.has("text_projection")) projection_ = permute(table("text_projection"), {1, 0});  // [width, out]
  if (config_.heads == 0 && config_.head_dim > 0) config_.heads = width() / config_.head_dim;
  if (config_.heads < 1 || width() % config_.heads || (config.heads == 0 && width() % config_.head_dim))
    throw Failure({ErrorCode::mismatch, fmt::format("weights: a text encoder of width {} with {} heads", width(), config_.heads)});
}

int32_t ClipText::add_tokens(const Tensor& rows) {
  if (rows.rank() != 2 || rows.dim(1) != width())
    throw Failure({ErrorCode::mismatch, fmt::format("an embedding of shape {} for a text encoder of width {}", rows.shape().str(), width())});
  const auto first = static_cast<int32_t>(embedding_.dim(0));
  embedding_ = concat({cast(embedding_, DType::f32), cast(rows, DType::f32)}, 0);
  return first;
}

void ClipText::rest() const {
  for (const Layer& layer : layers_)
    for (const Linear* linear : {&layer.qkv, &layer.out, &layer.up, &layer.down}) forget_packed(linear->weight);
  if (projection_.defined()) forget_packed(projection_);
}

ClipText::Output ClipText::operator()(const Tensor& ids, int32_t end, DType type, int64_t skip, bool normed) const {
  PTAH_CHECK(ids.rank() == 2 && ids.dtype() == DType::i32, "clip: ids {}", ids.shape().str());
  const int64_t n = ids.dim(0), tokens = ids.dim(1);
  if (tokens > max_tokens() || tokens < 1)
    throw Failure({ErrorCode::invalid_argument, fmt::format("clip: {} tokens; it has {} positions", tokens, max_tokens())});
  if (skip < 0 || skip >= layers()) throw Failure({ErrorCode::invalid_argument, fmt::format("clip skip {} of {} layers", skip, layers())});
  std::vector<int32_t> ends;
  if (!DryRun::active())
    for (int64_t b = 0; b < n; ++b) {
      const int32_t* row = ids.data<int32_t>() + b * tokens;
      for (int64_t i = 0; i < tokens; ++i)
        if (row[i] < 0 || row[i] >= embedding_.dim(0))
          throw Failure({ErrorCode::invalid_argument, fmt::format("clip: token {} of {}", row[i], embedding_.dim(0))});
      const int64_t at = std::find(row, row + tokens, end) - row;
      ends.push_back(static_cast<int32_t>(b * tokens + std::min(at, tokens - 1)));
    }
  const AttentionArgs attention{.heads = config_.heads, .causal = true};
  Tensor x = cast(add(embedding(embedding_, ids), slice(positions_, 0, 0, tokens)), type), states;
  for (int64_t l = 0; l < layers(); ++l) {
    const Layer& layer = layers_[static_cast<size_t>(l)];
    x = layer.out(self_attention(layer.qkv(layer_norm(x, layer.norm1)), attention), Activation::none, x);
    const Tensor seen = layer_norm(x, layer.norm2), inner = config_.tanh_gelu ? layer.up(seen, Activation::gelu) : layer.up(seen);
    x = layer.down(config_.tanh_gelu ? inner : config_.quick_gelu ? mul(inner, sigmoid(affine(inner, 1.702F))) : gelu_erf(inner), Activation::none, x);
    if (l + 1 + skip == layers()) states = x;
  }
  const Tensor last = layer_norm(x, norm_);
  Output out;
  out.states = !normed ? states : skip == 0 ? last : layer_norm(states, norm_);
  Tensor pooled = DryRun::active() ? Tensor::empty({n, width()}) : gather(cast(last, DType::f32).reshape({n * tokens, width()}), Tensor::from({n}, ends));
  out.pooled = projection_.defined() ? linear(pooled, projection_) : pooled;
  return out;
}

}  // namespace ptah
