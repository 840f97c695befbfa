#include "image/unet.h"

namespace ptah {

struct UnetTrunk::Binder : WeightBinder {
  const UnetConfig& config;
  mutable size_t level = 0;  ///< of the blocks that are bound now, 0: the finest

  NormArgs group_norm(const std::string& name) const { return WeightBinder::group_norm(name, config.groups, config.eps); }

  Residual residual(const std::string& name) const {
    Residual made;
    made.norm1 = group_norm(name + ".in_layers.0");
    made.conv1 = conv(name + ".in_layers.2");
    made.time = linear(name + ".emb_layers.1");
    made.norm2 = group_norm(name + ".out_layers.0");
    made.conv2 = conv(name + ".out_layers.3");
    if (has(name + ".skip_connection.weight")) made.skip = conv(name + ".skip_connection");
    return made;
  }
  Transformer transformer(const std::string& name) const {
    Transformer made;
    made.norm = WeightBinder::group_norm(name + ".norm", config.groups, 1e-6F);
    made.in = pointwise(name + ".proj_in");
    made.out = pointwise(name + ".proj_out");
    const int64_t width = made.norm.weight.elements();
    made.heads = !config.heads_of_level.empty() ? config.heads_of_level[std::min(level, config.heads_of_level.size() - 1)]
                 : config.heads                 ? config.heads
                                                : width / config.head_dim;
    if (made.heads < 1 || width % made.heads)
      throw Failure({ErrorCode::mismatch, fmt::format("weights: '{}{}' of width {} with {} heads", prefix, name, width, made.heads)});
    for (int i = 0; has(fmt::format("{}.transformer_blocks.{}.norm1.weight", name, i)); ++i) {
      const std::string at = fmt::format("{}.transformer_blocks.{}", name, i);
      Layer layer;
      layer.norm1 = norm(at + ".norm1");
      layer.qkv = joined({at + ".attn1.to_q", at + ".attn1.to_k", at + ".attn1.to_v"});
      layer.out = linear(at + ".attn1.to_out.0");
      layer.norm2 = norm(at + ".norm2");
      layer.query = linear(at + ".attn2.to_q");
      layer.key_value = joined({at + ".attn2.to_k", at + ".attn2.to_v"});
      layer.cross_out = linear(at + ".attn2.to_out.0");
      layer.norm3 = norm(at + ".norm3");
      layer.gate = linear(at + ".ff.net.0.proj");
      layer.down = linear(at + ".ff.net.2");
      made.layers.push_back(std::move(layer));
    }
    return made;
  }
  /// Everything under one number; empty if there is nothing.
  std::optional<Block> block(const std::string& name) const {
    Block made;
    bool any = false;
    for (int part = 0; part < 3; ++part) {
      if (!add(fmt::format("{}.{}", name, part), made)) break;
      any = true;
    }
    if (!any) return {};
    return made;
  }
  /// Adds what stands below `at` to a block; false if there is nothing.
  bool add(const std::string& at, Block& to) const {
    if (has(at + ".in_layers.0.weight"))
      to.residual = residual(at);
    else if (has(at + ".norm.weight"))
      to.transformer = transformer(at);
    else if (has(at + ".op.weight"))
      to.down = conv(at + ".op", 2);
    else if (has(at + ".conv.weight"))
      to.up = conv(at + ".conv");
    else
      return false;
    return true;
  }
  /// The blocks that are numbered below `name`.
  std::vector<Block> blocks(const std::string& name, int first) const {
    std::vector<Block> made;
    while (auto next = block(fmt::format("{}.{}", name, first++))) {
      if (next->down) ++level;
      if (next->up && level > 0) --level;
      made.push_back(std::move(*next));
    }
    return made;
  }
};

UnetTrunk::UnetTrunk(Weights& weights, const std::string& prefix, const UnetConfig& config) : config_(config) {
  const Binder b{{weights, prefix, config.wraps, config.packing}, config_};
  in_ = b.conv("input_blocks.0.0");
  in_channels_ = b.extent("input_blocks.0.0.weight", 1);
  width_ = b.extent("time_embed.0.weight", 1);
  time1_ = b.linear("time_embed.0");
  time2_ = b.linear("time_embed.2");
  if (b.has("label_emb.0.0.weight")) {
    label1_ = b.linear("label_emb.0.0");
    label2_ = b.linear("label_emb.0.2");
    label_width_ = b.extent("label_emb.0.0.weight", 1);
  }
  down_ = b.blocks("input_blocks", 1);
  for (Block block; b.add(fmt::format("middle_block.{}", middle_.size()), block); block = {}) middle_.push_back(std::move(block));
  levels_ = b.level + 1;
  for (const auto* blocks : {&down_, &middle_})
    for (const Block& block : *blocks)
      if (block.transformer && !block.transformer->layers.empty()) context_width_ = block.transformer->layers[0].key_value.weight.dim(1);
}

UnetTrunk::Given UnetTrunk::given(const Tensor& latents, const Tensor& steps, const Tensor& context, const Tensor& label) const {
  PTAH_CHECK(latents.rank() == 4 && latents.dim(3) == in_channels_, "unet: latents {} for {} channels", latents.shape().str(), in_channels_);
  PTAH_CHECK(context.rank() == 3 && context.dim(0) == latents.dim(0) && context.dim(2) == context_width_, "unet: context {} of width {}", context.shape().str(),
             context_width_);
  PTAH_CHECK(steps.elements() == latents.dim(0), "unet: {} steps for {} latents", steps.elements(), latents.dim(0));
  PTAH_CHECK(label.defined() == (label_width_ > 0) && (!label.defined() || label.shape() == Shape({latents.dim(0), label_width_})),
             "unet: a label of width {} is wanted", label_width_);
  const DType type = latents.dtype();
  Tensor moment = time2_(silu(time1_(cast(ptah::sinusoids(steps, width_, 1, config_.sinusoids), type))));
  if (label.defined()) moment = label2_(silu(label1_(cast(label, type))), Activation::none, moment);
  return {silu(moment), cast(context, type)};
}

Tensor UnetTrunk::run(const Residual& block, const Tensor& x, const Tensor& time) const {
  const int64_t n = x.dim(0);
  Tensor h = block.conv1(group_norm(x, config_.groups, block.norm1, true));
  const Tensor moment = block.time(time);
  if (config_.scales_by_time) {
    const int64_t width = h.dim(3);
    PTAH_CHECK(moment.dim(1) == 2 * width, "unet: time of width {} scales and shifts {} channels", moment.dim(1), width);
    const auto half = [&](int64_t first) { return slice(moment, 1, first, first + width).reshape({n, 1, 1, width}); };
    h = silu(add(mul(group_norm(h, config_.groups, block.norm2), affine(half(0), 1, 1)), half(width)));
  } else {
    h = add(h, moment.reshape({n, 1, 1, h.dim(3)}));
    h = group_norm(h, config_.groups, block.norm2, true);
  }
  return block.conv2(h, block.skip ? (*block.skip)(x) : x);
}

Tensor UnetTrunk::run(const Transformer& block, const Tensor& x, const Tensor& context) const {
  const int64_t n = x.dim(0), pixels = x.dim(1) * x.dim(2), width = x.dim(3);
  const AttentionArgs attention{.heads = block.heads};
  Tensor h = block.in(group_norm(x, config_.groups, block.norm).reshape({n, pixels, width}));
  for (const Layer& layer : block.layers) {
    h = layer.out(self_attention(layer.qkv(layer_norm(h, layer.norm1)), attention), Activation::none, h);
    h = layer.cross_out(cross_attention(layer.query(layer_norm(h, layer.norm2)), layer.key_value(context), attention), Activation::none, h);
    h = layer.down(geglu(layer_norm(h, layer.norm3), layer.gate.weight, layer.gate.bias), Activation::none, h);
  }
  return block.out(h, Activation::none, x.reshape({n, pixels, width})).reshape(x.shape());
}

Tensor UnetTrunk::run(const Block& block, Tensor x, const Given& given, const Tensor* like) const {
  if (block.residual) x = run(*block.residual, x, given.time);
  if (block.transformer) x = run(*block.transformer, x, given.context);
  if (block.down) x = (*block.down)(x);
  if (block.up) x = (*block.up)(resize(x, like ? like->dim(1) : 2 * x.dim(1), like ? like->dim(2) : 2 * x.dim(2), Filter::nearest));
  return x;
}

Tensor UnetTrunk::middle(Tensor x, const Given& given) const {
  for (const Block& block : middle_) x = run(block, x, given);
  return x;
}

std::vector<Tensor> UnetTrunk::descend(const Tensor& x, const Given& given) const {
  std::vector<Tensor> passed{x};
  for (const Block& block : down_) passed.push_back(run(block, passed.back(), given));
  return passed;
}

Unet::Unet(Weights& weights, const std::string& prefix, const UnetConfig& config) : UnetTrunk(weights, prefix, config) {
  const Binder b{{weights, prefix, config.wraps, config.packing}, config_};
  b.level = levels() - 1;
  up_ = b.blocks("output_blocks", 0);
  if (states() < 2 || up_.size() != states())
    throw Failure({ErrorCode::mismatch, fmt::format("weights: {} blocks down and {} up below '{}'", states(), up_.size(), prefix)});
  out_norm_ = b.group_norm("out.0");
  out_ = b.conv("out.2");
}

Tensor Unet::operator()(const Tensor& latents, const Tensor& steps, const Tensor& context, const Tensor& label, const UnetControl* control) const {
  const Given seen = given(latents, steps, context, label);
  std::vector<Tensor> passed = descend(in_(latents), seen);
  Tensor x = middle(passed.back(), seen);
  if (control) {
    PTAH_CHECK(control->passed.size() == passed.size(), "unet: a control of {} states for {}", control->passed.size(), passed.size());
    for (size_t i = 0; i < passed.size(); ++i) passed[i] = add(passed[i], control->passed[i]);
    x = add(x, control->middle);
  }
  for (const Block& block : up_) {
    const Tensor joined = concat({x, passed.back()}, 3);
    passed.pop_back();
    x = run(block, joined, seen, passed.empty() ? nullptr : &passed.back());
  }
  return cast(out_(group_norm(x, config_.groups, out_norm_, true)), DType::f32);
}

ControlNet::ControlNet(Weights& weights, const std::string& prefix, const UnetConfig& config) : UnetTrunk(weights, prefix, config) {
  const Binder b{{weights, prefix, config.wraps, config.packing}, config_};
  // Convolutions with SiLU between: every second one but the last halves the picture.
  for (int i = 0; b.has(fmt::format("input_hint_block.{}.weight", 2 * i)); ++i)
    hint_.push_back(b.conv(fmt::format("input_hint_block.{}", 2 * i), i > 0 && i % 2 == 0 ? 2 : 1));
  if (hint_.size() < 2) (void)b.shape("input_hint_block.0.weight"), (void)b.shape("input_hint_block.2.weight");
  for (int i = 0; b.has(fmt::format("zero_convs.{}.0.weight", i)); ++i) zeros_.push_back(b.pointwise(fmt::format("zero_convs.{}.0", i)));
  middle_zero_ = b.pointwise("middle_block_out.0");
  if (zeros_.size() != states()) throw Failure({ErrorCode::mismatch, fmt::format("weights: {} zero convolutions for {} states", zeros_.size(), states())});
}

Tensor ControlNet::look(const Tensor& hint) const {
  Tensor x = hint;
  for (size_t i = 0; i < hint_.size(); ++i) x = i + 1 < hint_.size() ? silu(hint_[i](x)) : hint_[i](x);
  return x;
}

UnetControl ControlNet::operator()(const Tensor& latents, const Tensor& hint, const Tensor& steps, const Tensor& context, const Tensor& label,
                                   float strength) const {
  const Given seen = given(latents, steps, context, label);
  std::vector<Tensor> passed = descend(add(in_(latents), hint), seen);
  const auto through = [&](const Linear& by, const Tensor& x) { return affine(by(x), strength); };
  UnetControl out;
  out.middle = through(middle_zero_, middle(passed.back(), seen));
  for (size_t i = 0; i < passed.size(); ++i) out.passed.push_back(through(zeros_[i], passed[i]));
  return out;
}

}  // namespace ptah
