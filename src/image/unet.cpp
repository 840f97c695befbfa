#include "image/unet.h"

#include <cmath>

#include "base/parallel.h"
#include "nn/weight_binder.h"

namespace ptah {

namespace {

/// cos and sin of step · 10000^(−i / half), [n] → [n, width] f32.
Tensor step_features(const Tensor& steps, int64_t width) {
  const int64_t n = steps.elements(), half = width / 2;
  Tensor out = Tensor::zeros({n, width});
  if (DryRun::active()) return out;
  for (int64_t b = 0; b < n; ++b)
    for (int64_t i = 0; i < half; ++i) {
      const double angle = static_cast<double>(steps.data<float>()[b]) * std::exp(-std::log(10000.0) * static_cast<double>(i) / static_cast<double>(half));
      out.data<float>()[b * width + i] = static_cast<float>(std::cos(angle));
      out.data<float>()[b * width + half + i] = static_cast<float>(std::sin(angle));
    }
  return out;
}

}  // namespace

struct Unet::Binder : WeightBinder {
  const UnetConfig& config;

  Norm norm(const std::string& name) const {
    const auto [weight, bias] = WeightBinder::norm(name);
    return {weight, bias};
  }
  Norm group_norm(const std::string& name) const {
    const auto [weight, bias] = WeightBinder::group_norm(name, config.groups);
    return {weight, bias};
  }

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
    made.norm = group_norm(name + ".norm");
    made.in = pointwise(name + ".proj_in");
    made.out = pointwise(name + ".proj_out");
    const int64_t width = made.norm.weight.elements();
    made.heads = config.heads ? config.heads : width / config.head_dim;
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
      const std::string at = fmt::format("{}.{}", name, part);
      if (has(at + ".in_layers.0.weight"))
        made.residual = residual(at);
      else if (has(at + ".norm.weight"))
        made.transformer = transformer(at);
      else if (has(at + ".op.weight"))
        made.down = conv(at + ".op", 2);
      else if (has(at + ".conv.weight"))
        made.up = conv(at + ".conv");
      else
        break;
      any = true;
    }
    if (!any) return {};
    return made;
  }
};

Unet::Unet(Weights& weights, const std::string& prefix, const UnetConfig& config) : config_(config) {
  const Binder b{{weights, prefix}, config_};
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
  for (int i = 1;; ++i) {
    auto block = b.block(fmt::format("input_blocks.{}", i));
    if (!block) break;
    down_.push_back(std::move(*block));
  }
  for (int i = 0;; ++i) {
    const std::string at = fmt::format("middle_block.{}", i);
    Block block;
    if (b.has(at + ".in_layers.0.weight"))
      block.residual = b.residual(at);
    else if (b.has(at + ".norm.weight"))
      block.transformer = b.transformer(at);
    else
      break;
    middle_.push_back(std::move(block));
  }
  for (int i = 0;; ++i) {
    auto block = b.block(fmt::format("output_blocks.{}", i));
    if (!block) break;
    up_.push_back(std::move(*block));
  }
  if (down_.empty() || up_.size() != down_.size() + 1)
    throw Failure({ErrorCode::mismatch, fmt::format("weights: {} blocks down and {} up below '{}'", down_.size() + 1, up_.size(), prefix)});
  out_norm_ = b.group_norm("out.0");
  out_ = b.conv("out.2");
  for (const auto* blocks : {&down_, &middle_, &up_})
    for (const Block& block : *blocks)
      if (block.transformer && !block.transformer->layers.empty()) context_width_ = block.transformer->layers[0].key_value.weight.dim(1);
}

Tensor Unet::run(const Residual& block, const Tensor& x, const Tensor& time) const {
  const int64_t n = x.dim(0);
  Tensor h = block.conv1(group_norm(x, config_.groups, {.weight = block.norm1.weight, .bias = block.norm1.bias, .eps = 1e-5F}, true));
  h = add(h, block.time(time).reshape({n, 1, 1, h.dim(3)}));
  h = group_norm(h, config_.groups, {.weight = block.norm2.weight, .bias = block.norm2.bias, .eps = 1e-5F}, true);
  return block.conv2(h, block.skip ? (*block.skip)(x) : x);
}

Tensor Unet::run(const Transformer& block, const Tensor& x, const Tensor& context) const {
  const int64_t n = x.dim(0), pixels = x.dim(1) * x.dim(2), width = x.dim(3);
  const auto norm = [](const Tensor& of, const Norm& by) { return layer_norm(of, {.weight = by.weight, .bias = by.bias}); };
  const AttentionArgs attention{.heads = block.heads};
  Tensor h = block.in(group_norm(x, config_.groups, {.weight = block.norm.weight, .bias = block.norm.bias, .eps = 1e-6F}).reshape({n, pixels, width}));
  for (const Layer& layer : block.layers) {
    h = layer.out(self_attention(layer.qkv(norm(h, layer.norm1)), attention), Activation::none, h);
    h = layer.cross_out(cross_attention(layer.query(norm(h, layer.norm2)), layer.key_value(context), attention), Activation::none, h);
    const Tensor both = layer.gate(norm(h, layer.norm3));
    const int64_t inner = both.dim(-1) / 2;
    h = layer.down(mul(slice(both, 2, 0, inner), gelu_erf(slice(both, 2, inner, 2 * inner))), Activation::none, h);
  }
  return block.out(h, Activation::none, x.reshape({n, pixels, width})).reshape(x.shape());
}

Tensor Unet::run(const Block& block, Tensor x, const Tensor& time, const Tensor& context) const {
  if (block.residual) x = run(*block.residual, x, time);
  if (block.transformer) x = run(*block.transformer, x, context);
  if (block.down) x = (*block.down)(x);
  if (block.up) x = (*block.up)(resize(x, 2 * x.dim(1), 2 * x.dim(2), Filter::nearest));
  return x;
}

Tensor Unet::operator()(const Tensor& latents, const Tensor& steps, const Tensor& context, const Tensor& label) const {
  PTAH_CHECK(latents.rank() == 4 && latents.dim(3) == in_channels_, "unet: latents {} for {} channels", latents.shape().str(), in_channels_);
  PTAH_CHECK(context.rank() == 3 && context.dim(0) == latents.dim(0) && context.dim(2) == context_width_, "unet: context {} of width {}", context.shape().str(),
             context_width_);
  PTAH_CHECK(steps.elements() == latents.dim(0), "unet: {} steps for {} latents", steps.elements(), latents.dim(0));
  PTAH_CHECK(label.defined() == (label_width_ > 0) && (!label.defined() || label.shape() == Shape({latents.dim(0), label_width_})),
             "unet: a label of width {} is wanted", label_width_);
  const DType type = latents.dtype();
  Tensor moment = time2_(silu(time1_(cast(step_features(steps, width_), type))));
  if (label.defined()) moment = label2_(silu(label1_(cast(label, type))), Activation::none, moment);
  const Tensor time = silu(moment), seen = cast(context, type);
  std::vector<Tensor> passed{in_(latents)};
  for (const Block& block : down_) passed.push_back(run(block, passed.back(), time, seen));
  Tensor x = passed.back();
  for (const Block& block : middle_) x = run(block, x, time, seen);
  for (const Block& block : up_) {
    x = run(block, concat({x, passed.back()}, 3), time, seen);
    passed.pop_back();
  }
  x = group_norm(x, config_.groups, {.weight = out_norm_.weight, .bias = out_norm_.bias, .eps = 1e-5F}, true);
  return cast(out_(x), DType::f32);
}

}  // namespace ptah
