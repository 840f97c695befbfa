// An upscaler: small pictures → pictures four times as large with crisp edges. Residual convolutions at the small size, sub-pixel convolution (Shi et
// al. 2016) on the way out, added to the bilinear enlargement.
#pragma once

#include "image/autoencoder.h"

namespace ptah {

struct UpscalerConfig {
  int64_t width = 40, blocks = 4;
  static constexpr int64_t kFactor = 4;
  /// How far a pixel of the result sees, in pixels of the small picture.
  int64_t reach() const { return 2 + 2 * blocks; }
};
Json to_json(const UpscalerConfig& config);
/// Errors: corrupt for missing or absurd values.
Result<UpscalerConfig> upscaler_config(const Json& json);

class Upscaler {
 public:
  Upscaler(const Scope& scope, const UpscalerConfig& config);

  /// Premultiplied RGBA in [−1, 1] with a border of reach() pixels that is used up, [n, h + 2·reach, w + 2·reach, 4] → f32 [n, 4·h, 4·w, 4].
  /// Computes in `type`.
  Tensor bordered(const Tensor& pictures, DType type) const;
  /// The same with the pictures' edge pixels as border, f32 [n, h, w, 4] → f32 [n, 4·h, 4·w, 4].
  Tensor operator()(const Tensor& pictures, DType type) const;
  const UpscalerConfig& config() const { return config_; }

 private:
  UpscalerConfig config_;
  Conv2d in_, out_;
  std::vector<ResidualBlock> blocks_;
};

/// Rows [top, top + height) and columns [left, left + width) of pictures f32 [n, h, w, c]; what lies outside takes the nearest edge pixel. No gradient.
Tensor crop_clamped(const Tensor& pictures, int64_t top, int64_t left, int64_t height, int64_t width);

}  // namespace ptah
