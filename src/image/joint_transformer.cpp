#include "image/joint_transformer.h"

#include <cmath>

namespace ptah {

struct JointTransformer::Binder : WeightBinder {
  Attention attention(const std::string& name, bool lends) const {
    Attention made;
    made.qkv = linear(name + ".qkv");
    if (!lends) made.out = linear(name + ".proj");
    const auto norm = [&](const std::string& at) {
      return NormArgs{.weight = f32_parameter(scope(at), "weight", {extent(at + ".weight", 0)}, Init::ones), .eps = 1e-6F};
    };
    if (has(name + ".ln_q.weight")) {
      made.norm_q = norm(name + ".ln_q");
      made.norm_k = norm(name + ".ln_k");
    }
    return made;
  }
  Side side(const std::string& name) const {
    Side made;
    made.ends = !has(name + ".mlp.fc1.weight");
    made.modulation = linear(name + ".adaLN_modulation.1");
    made.attention = attention(name + ".attn", made.ends);
    if (has(name + ".attn2.qkv.weight")) made.own = attention(name + ".attn2", false);
    if (!made.ends) {
      made.up = linear(name + ".mlp.fc1");
      made.down = linear(name + ".mlp.fc2");
    }
    return made;
  }
};

JointTransformer::JointTransformer(Weights& weights, const std::string& prefix, const JointTransformerConfig& config) : config_(config) {
  const Binder b{{weights, prefix, false, config.packing}};
  patch_in_ = b.conv("x_embedder.proj", b.extent("x_embedder.proj.weight", 2));
  patch_in_.padding = 0;
  width_ = b.extent("x_embedder.proj.weight", 0);
  heads_ = width_ / config_.head_dim;
  if (heads_ < 1 || width_ % config_.head_dim)
    throw Failure({ErrorCode::mismatch, fmt::format("weights: a transformer of width {} with heads of {}", width_, config_.head_dim)});
  const int64_t places = b.extent("pos_embed", 1);
  max_positions_ = std::llround(std::sqrt(static_cast<double>(places)));
  if (max_positions_ * max_positions_ != places)
    throw Failure({ErrorCode::mismatch, fmt::format("weights: '{}pos_embed' holds {} positions, no square", prefix, places)});
  positions_ = cast(weights.get(prefix + "pos_embed", {1, places, width_}, Init::normal, 1), DType::f32).reshape({1, max_positions_, max_positions_, width_});
  context_in_ = b.linear("context_embedder");
  time1_ = b.linear("t_embedder.mlp.0");
  time2_ = b.linear("t_embedder.mlp.2");
  pooled1_ = b.linear("y_embedder.mlp.0");
  pooled2_ = b.linear("y_embedder.mlp.2");
  for (int i = 0; b.has(fmt::format("joint_blocks.{}.x_block.attn.qkv.weight", i)); ++i) {
    const std::string at = fmt::format("joint_blocks.{}", i);
    blocks_.push_back({b.side(at + ".x_block"), b.side(at + ".context_block")});
    const Side &picture = blocks_.back().picture, &text = blocks_.back().text;
    const auto rows = [](const Linear& linear) { return linear.weight.dim(0); };
    if (picture.ends || text.own || rows(picture.modulation) != (picture.own ? 9 : 6) * width_ || rows(text.modulation) != (text.ends ? 2 : 6) * width_ ||
        rows(picture.attention.qkv) != 3 * width_ || rows(text.attention.qkv) != 3 * width_)
      throw Failure({ErrorCode::mismatch, fmt::format("weights: block '{}{}' has parts of other widths than {}", prefix, at, width_)});
  }
  if (blocks_.empty()) (void)b.shape("joint_blocks.0.x_block.attn.qkv.weight");
  out_modulation_ = b.linear("final_layer.adaLN_modulation.1");
  out_ = b.linear("final_layer.linear");
  if (out_.weight.dim(0) != patch() * patch() * channels() || out_modulation_.weight.dim(0) != 2 * width_)
    throw Failure({ErrorCode::mismatch, fmt::format("weights: '{}final_layer' makes {} numbers for patches of {} × {} × {}", prefix, out_.weight.dim(0),
                                                    patch(), patch(), channels())});
}

/// Queries, keys and values side by side, normed where the model norms them.
Tensor JointTransformer::projected(const Attention& attention, const Tensor& x) const {
  Tensor qkv = attention.qkv(x);
  if (!attention.norm_q.weight.defined()) return qkv;
  const Shape each{x.dim(0), x.dim(1), heads_, config_.head_dim}, flat{x.dim(0), x.dim(1), width_};
  const auto normed = [&](int64_t part, const NormArgs& norm) {
    return rms_norm(slice(qkv, 2, part * width_, (part + 1) * width_).reshape(each), norm).reshape(flat);
  };
  return concat({normed(0, attention.norm_q), normed(1, attention.norm_k), slice(qkv, 2, 2 * width_, 3 * width_)}, 2);
}

Tensor JointTransformer::operator()(const Tensor& latents, const Tensor& times, const Tensor& context, const Tensor& pooled) const {
  const int64_t n = latents.dim(0), p = patch();
  PTAH_CHECK(latents.rank() == 4 && latents.dim(3) == channels() && latents.dim(1) % p == 0 && latents.dim(2) % p == 0, "joint transformer: latents {}",
             latents.shape().str());
  PTAH_CHECK(
      context.rank() == 3 && context.dim(0) == n && context.dim(2) == context_width() && pooled.shape() == Shape({n, pooled_width()}) && times.elements() == n,
      "joint transformer: context {}, pooled {}", context.shape().str(), pooled.shape().str());
  const DType type = latents.dtype();
  const int64_t h = latents.dim(1) / p, w = latents.dim(2) / p;
  if (h > max_positions_ || w > max_positions_)
    throw Failure({ErrorCode::invalid_argument, fmt::format("a picture of {} × {} patches; this model has {} positions each way", w, h, max_positions_)});
  const int64_t top = (max_positions_ - h) / 2, left = (max_positions_ - w) / 2;
  const Tensor places = slice(slice(positions_, 1, top, top + h), 2, left, left + w);
  Tensor x = add(patch_in_(latents), cast(places, type)).reshape({n, h * w, width_});
  Tensor c = context_in_(cast(context, type));
  const Tensor moment = add(time2_(silu(time1_(cast(sinusoids(times, time1_.weight.dim(1), 1000), type)))), pooled2_(silu(pooled1_(cast(pooled, type)))));
  const Tensor given = silu(moment);
  const AttentionArgs attention{.heads = heads_};
  const auto parts_of = [&](const Linear& modulation) {
    const Tensor all = modulation(given);
    return [all, this](int64_t i) { return slice(all, 1, i * width_, (i + 1) * width_); };
  };
  for (const Block& block : blocks_) {
    const auto mx = parts_of(block.picture.modulation), mc = parts_of(block.text.modulation);
    // Modulations come as shift, scale and gate of the attention, the same of the layers behind it, and of a second attention.
    const Tensor qkv_x = projected(block.picture.attention, modulated_norm(x, mx(0), mx(1)));
    const Tensor qkv_c = projected(block.text.attention, modulated_norm(c, mc(0), mc(1)));
    const Tensor mixed = self_attention(concat({qkv_x, qkv_c}, 1), attention);
    const Tensor before = x;
    x = gated_add(x, block.picture.attention.out(slice(mixed, 1, 0, h * w)), mx(2));
    if (block.picture.own) {
      const Tensor alone = self_attention(projected(*block.picture.own, modulated_norm(before, mx(6), mx(7))), attention);
      x = gated_add(x, block.picture.own->out(alone), mx(8));
    }
    x = gated_add(x, block.picture.down(block.picture.up(modulated_norm(x, mx(3), mx(4)), Activation::gelu)), mx(5));
    if (block.text.ends) continue;
    c = gated_add(c, block.text.attention.out(slice(mixed, 1, h * w, h * w + c.dim(1))), mc(2));
    c = gated_add(c, block.text.down(block.text.up(modulated_norm(c, mc(3), mc(4)), Activation::gelu)), mc(5));
  }
  const auto last = parts_of(out_modulation_);
  x = out_(modulated_norm(x, last(0), last(1)));
  return cast(permute(x.reshape({n, h, w, p, p, channels()}), {0, 1, 3, 2, 4, 5}).reshape({n, h * p, w * p, channels()}), DType::f32);
}

}  // namespace ptah
