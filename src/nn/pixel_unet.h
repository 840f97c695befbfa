// From pictures to pictures of the same size: a U-Net (Ronneberger et al. 2015) of residual convolutions without norms on the way down and up, with transformer
// blocks (Vaswani et al. 2017) at the coarsest level, where the whole picture is seen.
#pragma once

#include "base/json.h"
#include "nn/transformer.h"

namespace ptah {

/// [n, h, w, c] → [n, h / r, w / r, r·r·c], the r × r neighbours side by side (row, column, channel).
Tensor space_to_depth(const Tensor& x, int64_t r);
/// The inverse.
Tensor depth_to_space(const Tensor& x, int64_t r);

/// Two convolutions of 3 × 3, added to what came in; the second begins at zero.
struct ResidualBlock {
  Conv2d first, second;
  ResidualBlock(const Scope& scope, int64_t width);
  Tensor operator()(const Tensor& x) const;
};

/// Edge of the smallest square that such a network may look at, in pixels.
inline constexpr int64_t kMinUnetSize = 32;

struct PixelUnetConfig {
  int64_t size = 256;                            ///< edge of the square that it looks at, in pixels
  std::vector<int64_t> widths{16, 32, 64, 128};  ///< channels at size / 2, / 4, / 8, / 16
  std::vector<int64_t> blocks{0, 1, 2, 2};       ///< residual blocks on the way down; on the way up there is one a level
  int64_t attention_blocks = 2, heads = 4;
  /// Edge at the coarsest level.
  int64_t coarsest() const { return size >> widths.size(); }
};
Json to_json(const PixelUnetConfig& config);
/// Errors: corrupt for missing or absurd values, with `what` before the reason.
Result<PixelUnetConfig> pixel_unet_config(const Json& json, const char* what);

class PixelUnet {
 public:
  /// `out_scale`: of the last convolution's first weights; 0 begins with zeros everywhere. `exact_out`: the last convolution computes in f32 whatever the
  /// others do, for numbers that are more than logits.
  PixelUnet(const Scope& scope, const PixelUnetConfig& config, int64_t channels_in, int64_t channels_out, float out_scale, bool exact_out = false);

  /// f32 [n, edge, edge, channels_in] → f32 [n, edge, edge, channels_out]. The edge is the configuration's size, or (in training) another multiple of
  /// 2^levels: the positions are then resized. Computes in `type`.
  Tensor operator()(const Tensor& pictures, DType type) const;
  const PixelUnetConfig& config() const { return config_; }

 private:
  PixelUnetConfig config_;
  int64_t channels_in_;
  bool exact_out_;
  Conv2d in_, out_;
  std::vector<Conv2d> down_;                        ///< into levels 1 …
  std::vector<std::vector<ResidualBlock>> levels_;  ///< on the way down
  Tensor places_;                                   ///< learnt positions of the coarsest level
  std::vector<TransformerBlock> attention_;
  std::vector<Linear> up_;             ///< from level l + 1 to l
  std::vector<ResidualBlock> joined_;  ///< on the way up
};

}  // namespace ptah
