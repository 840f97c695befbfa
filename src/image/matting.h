// Background removal: a small U-Net (Ronneberger et al. 2015) from colours to the coverage of what a picture shows. Residual convolutions without norms on the
// way down and up, transformer blocks (Vaswani et al. 2017) at the coarsest level, where the whole picture is seen.
#pragma once

#include "base/json.h"
#include "image/autoencoder.h"
#include "media/image.h"
#include "nn/transformer.h"

namespace ptah {

/// Edge of the smallest square that a network may look at, in pixels.
inline constexpr int64_t kMinMattingSize = 32;

struct MattingConfig {
  int64_t size = 256;                            ///< edge of the square that it looks at, in pixels
  std::vector<int64_t> widths{16, 32, 64, 128};  ///< channels at size / 2, / 4, / 8, / 16
  std::vector<int64_t> blocks{0, 1, 2, 2};       ///< residual blocks on the way down; on the way up there is one a level
  int64_t attention_blocks = 2, heads = 4;
  /// Edge at the coarsest level.
  int64_t coarsest() const { return size >> widths.size(); }
};
Json to_json(const MattingConfig& config);
/// Errors: corrupt for missing or absurd values.
Result<MattingConfig> matting_config(const Json& json);

class MattingNetwork {
 public:
  MattingNetwork(const Scope& scope, const MattingConfig& config);

  /// Colours in [−1, 1], f32 [n, edge, edge, 3] → logits of coverage, f32 [n, edge, edge, 1]. The edge is the configuration's size, or (in training) another
  /// multiple of 2^levels: the positions are then resized. Computes in `type`.
  Tensor operator()(const Tensor& pictures, DType type) const;
  const MattingConfig& config() const { return config_; }

 private:
  MattingConfig config_;
  Conv2d in_, out_;
  std::vector<Conv2d> down_;                        ///< into levels 1 …
  std::vector<std::vector<ResidualBlock>> levels_;  ///< on the way down
  Tensor places_;                                   ///< learnt positions of the coarsest level
  std::vector<TransformerBlock> attention_;
  std::vector<Linear> up_;             ///< from level l + 1 to l
  std::vector<ResidualBlock> joined_;  ///< on the way up
};

/// Where a picture lies in the square that the network looks at.
struct Letterbox {
  int64_t left = 0, top = 0, width = 0, height = 0;
};
Letterbox letterbox(int64_t width, int64_t height, int64_t size);
/// The colours of a picture (alpha is not looked at), fitted into the middle of a square with zeros around: f32 [1, size, size, 3].
Tensor matting_input(const Image& picture, int64_t size);

}  // namespace ptah
