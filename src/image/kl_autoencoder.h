// The autoencoder of latent diffusion (Rombach et al. 2022, kl-f8): pictures to latents of an eighth of their size and back.
#pragma once

#include <optional>

#include "nn/layers.h"

namespace ptah {

struct KlAutoencoderConfig {
  int64_t groups = 32;
  bool wraps = false;  ///< convolutions see the other side of the picture beyond its edge
};

class KlAutoencoder {
 public:
  /// Binds the weights below `prefix` in the original naming (decoder.conv_in.weight …). Numbers of levels and blocks and widths are read off names and shapes.
  /// A file without an encoder gives a model that only decodes. Throws Failure: mismatch, naming what is missing or of another shape.
  KlAutoencoder(Weights& weights, const std::string& prefix, const KlAutoencoderConfig& config);

  /// latents [n, h, w, channels] (already divided by the model's scale) in the dtype to compute in → f32 [n, h·factor, w·factor, 3], about −1 … 1.
  Tensor decode(const Tensor& latents) const;
  struct Moments {
    Tensor mean, log_variance;  ///< f32 [n, h / factor, w / factor, channels]; the variance is held to e^−30 … e^20
  };
  /// pictures [n, h, w, 3] in −1 … 1, h and w multiples of factor(). Throws Failure (unsupported) without an encoder.
  Moments encode(const Tensor& pictures) const;

  bool has_encoder() const { return encoder_.has_value(); }
  int64_t channels() const { return channels_; }
  int64_t factor() const { return factor_; }

 private:
  struct Residual {
    NormArgs norm1, norm2;
    Conv2d conv1, conv2;
    std::optional<Conv2d> skip;
  };
  struct Attention {
    NormArgs norm;
    Linear qkv, out;
  };
  struct Level {
    std::vector<Residual> blocks;
    std::optional<Conv2d> resample;
  };
  struct Half {
    Conv2d in, out;
    Residual middle1, middle2;
    Attention middle;
    std::vector<Level> levels;  ///< in the order of computing
    NormArgs norm;
  };

  struct Binder;
  Tensor normed(const Tensor& x, const NormArgs& norm, bool with_silu) const;
  Tensor run(const Residual& block, const Tensor& x) const;
  Tensor middle(const Half& half, Tensor x) const;
  Tensor end(const Half& half, const Tensor& x) const;

  KlAutoencoderConfig config_;
  int64_t channels_ = 0, factor_ = 1;
  Half decoder_;
  std::optional<Half> encoder_;
  std::optional<Linear> before_decoding_, after_encoding_;
};

}  // namespace ptah
