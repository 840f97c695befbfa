// The picture autoencoder: 128 × 128 RGBA ↔ 8 × 8 latent tokens. Residual convolutions without norms (second convolution begins at
// zero), space-to-depth on the way in, depth-to-space on the way out.
#pragma once

#include "base/json.h"
#include "nn/pixel_unet.h"

namespace ptah {

struct AutoencoderConfig {
  int64_t size = 128;  ///< picture edge in pixels
  int64_t latent_channels = 24;
  std::vector<int64_t> encoder_widths{32, 96, 192, 256};  ///< at size / 2, / 4, / 8, / 16
  std::vector<int64_t> encoder_blocks{1, 1, 2, 2};
  std::vector<int64_t> decoder_widths{64, 128, 224, 320};
  std::vector<int64_t> decoder_blocks{2, 2, 2, 2};
  int64_t latent_size() const { return size >> encoder_widths.size(); }
};
Json to_json(const AutoencoderConfig& config);
/// Errors: corrupt for missing or absurd values.
Result<AutoencoderConfig> autoencoder_config(const Json& json);

class PictureEncoder {
 public:
  PictureEncoder(const Scope& scope, const AutoencoderConfig& config);
  /// Premultiplied RGBA in [−1, 1], [n, size, size, 4] → latents [n, size/16, size/16, latent_channels], f32, within (−3, 3).
  Tensor operator()(const Tensor& pictures) const;

 private:
  Conv2d in_;
  Linear out_;
  std::vector<Linear> down_;
  std::vector<std::vector<ResidualBlock>> levels_;
};

class PictureDecoder {
 public:
  PictureDecoder(const Scope& scope, const AutoencoderConfig& config);
  /// Latents in the dtype to compute in → premultiplied RGBA in about [−1, 1], f32.
  Tensor operator()(const Tensor& latents) const;

 private:
  Conv2d in_;
  Linear out_;
  std::vector<Linear> up_;
  std::vector<std::vector<ResidualBlock>> levels_;
};

}  // namespace ptah
