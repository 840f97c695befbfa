// Background removal: a small U-Net from colours to the coverage of what a picture shows.
#pragma once

#include "media/image.h"
#include "nn/pixel_unet.h"

namespace ptah {

using MattingConfig = PixelUnetConfig;
/// Errors: corrupt for missing or absurd values.
Result<MattingConfig> matting_config(const Json& json);

class MattingNetwork {
 public:
  MattingNetwork(const Scope& scope, const MattingConfig& config) : unet_(scope, config, 3, 1, 0.5F) {}

  /// Colours in [−1, 1], f32 [n, edge, edge, 3] → logits of coverage, f32 [n, edge, edge, 1]; edges as PixelUnet has them. Computes in `type`.
  Tensor operator()(const Tensor& pictures, DType type) const { return unet_(pictures, type); }
  const MattingConfig& config() const { return unet_.config(); }

 private:
  PixelUnet unet_;
};

/// Where a picture lies in the square that the network looks at.
struct Letterbox {
  int64_t left = 0, top = 0, width = 0, height = 0;
};
Letterbox letterbox(int64_t width, int64_t height, int64_t size);
/// The colours of a picture (alpha is not looked at), fitted into the middle of a square with zeros around: f32 [1, size, size, 3].
Tensor matting_input(const Image& picture, int64_t size);

}  // namespace ptah
