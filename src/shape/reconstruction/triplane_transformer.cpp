#include "shape/reconstruction/triplane_transformer.h"

namespace ptah {

TriplaneTransformer::Block TriplaneTransformer::block(const Scope& scope, const ReconstructionShape& s, int64_t heads) {
  Block out;
  out.self_norm = Norm(scope / "norm1", s.width, true);
  out.cross_norm = Norm(scope / "norm2", s.width, true);
  out.feed_forward_norm = Norm(scope / "norm3", s.width, true);
  out.self.heads = out.self.kv_heads = heads;
  out.self.causal = false;
  const Scope self = scope / "attn1", cross = scope / "attn2", net = scope / "ff" / "net";
  out.self.query = Linear(self / "to_q", s.width, s.width, s.attention_bias);
  out.self.key = Linear(self / "to_k", s.width, s.width, s.attention_bias);
  out.self.value = Linear(self / "to_v", s.width, s.width, s.attention_bias);
  out.self.out = Linear(self / "to_out" / 0, s.width, s.width);
  out.query = Linear(cross / "to_q", s.width, s.width, s.attention_bias);
  out.key = Linear(cross / "to_k", s.picture_width, s.width, s.attention_bias);
  out.value = Linear(cross / "to_v", s.picture_width, s.width, s.attention_bias);
  out.out = Linear(cross / "to_out" / 0, s.width, s.width);
  out.gated = Linear(net / 0 / "proj", s.width, 2 * s.hidden);
  out.down = Linear(net / 2, s.hidden, s.width);
  for (Linear* layer : {&out.self.query, &out.self.key, &out.self.value, &out.self.out, &out.query, &out.key, &out.value, &out.out, &out.gated, &out.down})
    layer->weight.set_packing(WeightPacking::own);
  return out;
}

TriplaneTransformer::TriplaneTransformer(const Scope& scope, const ReconstructionShape& s, const ReconstructionConfig& config)
    : heads_(config.heads),
      groups_(config.groups),
      tokens_(scope.weight("tokenizer.embeddings", {3, s.channels, s.plane, s.plane}, Init::normal)),
      norm_{.weight = f32_parameter(scope / "backbone" / "norm", "weight", {s.channels}, Init::ones),
            .bias = f32_parameter(scope / "backbone" / "norm", "bias", {s.channels}, Init::zeros),
            .eps = 1e-6F},
      in_(scope / "backbone" / "proj_in", s.channels, s.width),
      out_(scope / "backbone" / "proj_out", s.width, s.channels) {
  for (int64_t i = 0; i < s.layers; ++i) blocks_.push_back(block(scope / "backbone" / "transformer_blocks" / static_cast<int>(i), s, heads_));
  // A transposed convolution of 2 × 2 pixels in steps of two makes four pixels of each, with no overlap: a linear layer and a shuffle.
  const Scope upsample = scope / "post_processor" / "upsample";
  const Tensor kernel = upsample.weight("weight", {s.channels, s.features, 2, 2}, Init::fan_in);
  upsample_.weight = permute(kernel.reshape({s.channels, 4 * s.features}), {1, 0});
  const Tensor bias = f32_parameter(upsample, "bias", {s.features}, Init::zeros).reshape({s.features, 1});
  upsample_.bias = concat({bias, bias, bias, bias}, 1).reshape({4 * s.features});
}

Tensor TriplaneTransformer::run(const Block& b, const Tensor& x, const Tensor& picture_tokens) const {
  const Tensor seen = b.self(b.self_norm(x), {}, x);
  const Tensor looked = attention(b.query(b.cross_norm(seen)), b.key(picture_tokens), b.value(picture_tokens), {.heads = heads_});
  const Tensor middle = b.out(looked, Activation::none, seen);
  return b.down(geglu(b.feed_forward_norm(middle), b.gated.weight, b.gated.bias), Activation::none, middle);
}

Tensor TriplaneTransformer::operator()(const Tensor& picture_tokens, const std::function<void(int64_t layer)>& before_layer) const {
  PTAH_CHECK(picture_tokens.rank() == 3 && picture_tokens.dim(0) == 1, "triplane transformer: tokens {}", picture_tokens.shape().str());
  const int64_t channels = tokens_.dim(1), plane = tokens_.dim(2);
  const Tensor learnt = cast(permute(tokens_, {0, 2, 3, 1}), picture_tokens.dtype()).reshape({1, 3 * plane, plane, channels});
  const Tensor flat = learnt.reshape({1, 3 * plane * plane, channels});
  Tensor x = in_(group_norm(learnt, groups_, norm_).reshape(flat.shape()));
  for (size_t i = 0; i < blocks_.size(); ++i) {
    if (before_layer) before_layer(static_cast<int64_t>(i));
    x = run(blocks_[i], x, picture_tokens);
  }
  x = out_(x, Activation::none, flat);
  return cast(pixel_shuffle(upsample_(x.reshape({3, plane, plane, channels})), 2), DType::f32);
}

}  // namespace ptah
