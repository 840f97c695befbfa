#include "image/autoencoder.h"

namespace ptah {

template <class C, class Visit>
requires std::same_as<std::remove_const_t<C>, AutoencoderConfig>
void fields(C& c, const Visit& visit) {
  visit("size", c.size);
  visit("latent_channels", c.latent_channels);
  visit("encoder_widths", c.encoder_widths);
  visit("encoder_blocks", c.encoder_blocks);
  visit("decoder_widths", c.decoder_widths);
  visit("decoder_blocks", c.decoder_blocks);
}

Json to_json(const AutoencoderConfig& c) { return json_of_fields(c); }

Result<AutoencoderConfig> autoencoder_config(const Json& json) {
  PTAH_TRY(const AutoencoderConfig c, fields_from_json<AutoencoderConfig>(json, "autoencoder config"));
  const auto sane = [](const std::vector<int64_t>& values, int64_t min_value, int64_t max_value) {
    for (const int64_t v : values)
      if (v < min_value || v > max_value) return false;
    return true;
  };
  const size_t levels = c.encoder_widths.size();
  const bool good = levels >= 1 && levels <= 6 && c.encoder_blocks.size() == levels && c.decoder_widths.size() == levels && c.decoder_blocks.size() == levels &&
                    c.size >= (int64_t{1} << levels) && c.size <= 2048 && c.size % (int64_t{1} << levels) == 0 && c.latent_channels >= 1 &&
                    c.latent_channels <= 512 && sane(c.encoder_widths, 1, 4096) && sane(c.decoder_widths, 1, 4096) && sane(c.encoder_blocks, 0, 32) &&
                    sane(c.decoder_blocks, 0, 32);
  if (!good) return fail(ErrorCode::corrupt, "autoencoder config: values out of range in {}", json.dump());
  return c;
}

PictureEncoder::PictureEncoder(const Scope& scope, const AutoencoderConfig& config)
    : in_(scope / "in", 16, config.encoder_widths[0], 3), out_(scope / "out", config.encoder_widths.back(), config.latent_channels) {
  for (size_t level = 0; level < config.encoder_widths.size(); ++level) {
    const Scope here = scope / "levels" / static_cast<int>(level);
    const int64_t width = config.encoder_widths[level];
    if (level > 0) down_.emplace_back(here / "down", config.encoder_widths[level - 1] * 4, width);
    auto& blocks = levels_.emplace_back();
    for (int64_t b = 0; b < config.encoder_blocks[level]; ++b) blocks.emplace_back(here / static_cast<int>(b), width);
  }
}

Tensor PictureEncoder::operator()(const Tensor& pictures) const {
  Tensor x = in_(space_to_depth(pictures, 2));
  for (size_t level = 0; level < levels_.size(); ++level) {
    if (level > 0) x = down_[level - 1](space_to_depth(x, 2));
    for (const ResidualBlock& block : levels_[level]) x = block(x);
  }
  return affine(tanh(affine(cast(out_(silu(x)), DType::f32), 1.0F / 3)), 3);
}

PictureDecoder::PictureDecoder(const Scope& scope, const AutoencoderConfig& config)
    : in_(scope / "in", config.latent_channels, config.decoder_widths.back(), 3), out_(scope / "out", config.decoder_widths[0], 16, true, 0.5F) {
  for (size_t i = config.decoder_widths.size(); i-- > 0;) {
    const Scope here = scope / "levels" / static_cast<int>(i);
    const int64_t width = config.decoder_widths[i];
    auto& blocks = levels_.emplace_back();
    for (int64_t b = 0; b < config.decoder_blocks[i]; ++b) blocks.emplace_back(here / static_cast<int>(b), width);
    if (i > 0) up_.emplace_back(here / "up", width, config.decoder_widths[i - 1] * 4);
  }
}

Tensor PictureDecoder::operator()(const Tensor& latents) const {
  Tensor x = in_(latents);
  for (size_t level = 0; level < levels_.size(); ++level) {
    for (const ResidualBlock& block : levels_[level]) x = block(x);
    if (level < up_.size()) x = depth_to_space(up_[level](x), 2);
  }
  return depth_to_space(cast(out_(silu(x)), DType::f32), 2);
}

}  // namespace ptah
