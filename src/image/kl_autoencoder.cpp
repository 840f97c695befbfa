#include "image/kl_autoencoder.h"

#include <algorithm>

#include "nn/weight_binder.h"

namespace ptah {

struct KlAutoencoder::Binder : WeightBinder {
  int64_t groups = 32;

  NormArgs norm(const std::string& name) const { return group_norm(name, groups, 1e-6F); }
  Residual residual(const std::string& name) const {
    Residual made;
    made.norm1 = norm(name + ".norm1");
    made.conv1 = conv(name + ".conv1");
    made.norm2 = norm(name + ".norm2");
    made.conv2 = conv(name + ".conv2");
    if (has(name + ".nin_shortcut.weight")) made.skip = conv(name + ".nin_shortcut");
    return made;
  }
  Attention attention(const std::string& name) const {
    Attention made;
    made.norm = norm(name + ".norm");
    made.qkv = joined({name + ".q", name + ".k", name + ".v"});
    made.out = pointwise(name + ".proj_out");
    return made;
  }
  Half half(const std::string& name, bool decodes) const {
    Half made;
    made.in = conv(name + ".conv_in");
    made.middle1 = residual(name + ".mid.block_1");
    made.middle = attention(name + ".mid.attn_1");
    made.middle2 = residual(name + ".mid.block_2");
    made.norm = norm(name + ".norm_out");
    made.out = conv(name + ".conv_out");
    for (int l = 0;; ++l) {
      const std::string at = fmt::format("{}.{}.{}", name, decodes ? "up" : "down", l);
      Level level;
      for (int i = 0; has(fmt::format("{}.block.{}.conv1.weight", at, i)); ++i) level.blocks.push_back(residual(fmt::format("{}.block.{}", at, i)));
      if (level.blocks.empty()) break;
      const std::string resample = at + (decodes ? ".upsample.conv" : ".downsample.conv");
      if (has(resample + ".weight")) {
        level.resample = conv(resample, decodes ? 1 : 2);
        if (!decodes) level.resample->padding = 0;  // one row and column of zeros behind the picture instead
      }
      made.levels.push_back(std::move(level));
    }
    if (made.levels.empty()) throw Failure({ErrorCode::mismatch, fmt::format("weights: no levels below '{}{}'", prefix, name)});
    if (decodes) std::reverse(made.levels.begin(), made.levels.end());
    return made;
  }
};

KlAutoencoder::KlAutoencoder(Weights& weights, const std::string& prefix, const KlAutoencoderConfig& config) : config_(config) {
  const Binder b{{weights, prefix, config.wraps}, config.groups};
  decoder_ = b.half("decoder", true);
  if (b.has("encoder.conv_in.weight")) encoder_ = b.half("encoder", false);
  if (b.has("post_quant_conv.weight")) before_decoding_ = b.pointwise("post_quant_conv");
  if (b.has("quant_conv.weight")) after_encoding_ = b.pointwise("quant_conv");
  channels_ = before_decoding_ ? before_decoding_->weight.dim(1) : b.extent("decoder.conv_in.weight", 1);
  for (const Level& level : decoder_.levels)
    if (level.resample) factor_ *= 2;
}

Tensor KlAutoencoder::normed(const Tensor& x, const NormArgs& norm, bool with_silu) const { return group_norm(x, config_.groups, norm, with_silu); }

Tensor KlAutoencoder::run(const Residual& block, const Tensor& x) const {
  const Tensor h = block.conv1(normed(x, block.norm1, true));
  return block.conv2(normed(h, block.norm2, true), block.skip ? (*block.skip)(x) : x);
}

Tensor KlAutoencoder::middle(const Half& half, Tensor x) const {
  x = run(half.middle1, x);
  const Shape shape = x.shape();
  const int64_t n = shape[0], pixels = shape[1] * shape[2], width = shape[3];
  const Tensor mixed = self_attention(half.middle.qkv(normed(x, half.middle.norm, false).reshape({n, pixels, width})), {.heads = 1});
  x = half.middle.out(mixed, Activation::none, x.reshape({n, pixels, width})).reshape(shape);
  return run(half.middle2, x);
}

Tensor KlAutoencoder::end(const Half& half, const Tensor& x) const { return half.out(normed(x, half.norm, true)); }

Tensor KlAutoencoder::decode(const Tensor& latents) const {
  PTAH_CHECK(latents.rank() == 4 && latents.dim(3) == channels_, "kl autoencoder: latents {} of {} channels", latents.shape().str(), channels_);
  Tensor x = middle(decoder_, decoder_.in(before_decoding_ ? (*before_decoding_)(latents) : latents));
  for (const Level& level : decoder_.levels) {
    for (const Residual& block : level.blocks) x = run(block, x);
    if (level.resample) x = (*level.resample)(resize(x, 2 * x.dim(1), 2 * x.dim(2), Filter::nearest));
  }
  return cast(end(decoder_, x), DType::f32);
}

KlAutoencoder::Moments KlAutoencoder::encode(const Tensor& pictures) const {
  if (!encoder_) throw Failure({ErrorCode::unsupported, "this autoencoder has no encoder, so it cannot start from a picture"});
  PTAH_CHECK(pictures.rank() == 4 && pictures.dim(3) == 3 && pictures.dim(1) % factor_ == 0 && pictures.dim(2) % factor_ == 0, "kl autoencoder: pictures {}",
             pictures.shape().str());
  Tensor x = encoder_->in(pictures);
  for (const Level& level : encoder_->levels) {
    for (const Residual& block : level.blocks) x = run(block, x);
    if (level.resample) x = (*level.resample)(pad(pad(x, 1, 0, 1), 2, 0, 1));
  }
  x = end(*encoder_, middle(*encoder_, x));
  if (after_encoding_) x = (*after_encoding_)(x);
  x = cast(x, DType::f32);
  const int64_t channels = x.dim(3) / 2;
  return {slice(x, 3, 0, channels), minimum(maximum(slice(x, 3, channels, 2 * channels), Tensor::full({}, -30)), Tensor::full({}, 20))};
}

}  // namespace ptah
