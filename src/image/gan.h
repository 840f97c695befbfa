// Small picture generators and the networks they are trained against: residual convolutions without norms, as in "The GAN is dead; long live the GAN!" (Huang
// et al. 2024, "R3GAN"). Unlike the picture model they know no captions: one pass turns normal noise into a picture.
#pragma once

#include <filesystem>

#include "base/json.h"
#include "nn/layers.h"

namespace ptah {

struct GanConfig {
  int64_t size = 32;                            ///< picture edge in pixels: 4 · 2^(levels − 1)
  int64_t latent = 64;                          ///< numbers of noise that a picture is made from
  std::vector<int64_t> widths{96, 64, 32, 16};  ///< channels at 4², 8², 16², …
  int64_t blocks = 1;                           ///< residual blocks at each size
};
Json to_json(const GanConfig& config);
/// Errors: corrupt for missing or absurd values.
Result<GanConfig> gan_config(const Json& json);

/// x + conv(leaky(conv(leaky(x)))), whose second convolution begins at zero (Zhang et al. 2019, "fix-up").
struct LeakyBlock {
  Conv2d first, second;
  LeakyBlock(const Scope& scope, int64_t width);
  Tensor operator()(const Tensor& x) const;
};

class GanGenerator {
 public:
  GanGenerator(const Scope& scope, const GanConfig& config);
  /// Noise f32 [n, latent] → premultiplied RGBA in about [−1, 1], f32 [n, size, size, 4]; computed in `type`.
  Tensor operator()(const Tensor& noise, DType type) const;

 private:
  int64_t width_;
  Linear in_;
  std::vector<std::vector<LeakyBlock>> levels_;
  std::vector<Linear> widen_;  ///< to the channels of the next size
  Conv2d out_;
};

class GanDiscriminator {
 public:
  GanDiscriminator(const Scope& scope, const GanConfig& config);
  /// f32 [n, size, size, 4] → one score a picture, f32 [n, 1]; higher means truer.
  Tensor operator()(const Tensor& pictures, DType type) const;

 private:
  Conv2d in_;
  std::vector<std::vector<LeakyBlock>> levels_;
  std::vector<Linear> widen_;
  Linear out_;
};

/// A trained generator.
struct LoadedGan {
  GanConfig config;
  Weights weights;
};
/// A folder with generator.safetensors, or that file. Errors: not_found, corrupt, mismatch.
Result<LoadedGan> load_gan(const std::filesystem::path& path);
/// Noise of `count` pictures: picture i depends on the seed and i only. f32 [count, latent].
Tensor gan_noise(const GanConfig& config, int64_t first, int64_t count, uint64_t seed);

}  // namespace ptah
