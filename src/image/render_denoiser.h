// Takes the noise of few samples off path-traced pictures: a U-Net says, pixel by pixel, how its neighbours are to be averaged (Bako et al. 2017, Vogels et al.
// 2018), so that no light is made up.
#pragma once

#include <filesystem>
#include <memory>

#include "nn/pixel_unet.h"
#include "render/trace/path_tracer.h"

namespace ptah {

struct RenderDenoiserConfig {
  std::vector<int64_t> widths{24, 32, 48};  ///< channels at half the size, a quarter, an eighth
};
Json to_json(const RenderDenoiserConfig& config);
/// Errors: corrupt for missing or absurd values.
Result<RenderDenoiserConfig> render_denoiser_config(const Json& json);

/// What the network reads of each pixel: log(1 + light / albedo), relative noise, albedo, normal, how much is behind, light on the ground.
inline constexpr int64_t kDenoiserInputs = 12;
/// What is averaged of each pixel, by how much of it is covered: light / albedo (three colours) of what is covered, the covered share, and how much light the
/// ground gets of the rest.
inline constexpr int64_t kDenoiserSignals = 5;
/// What comes out: light / albedo, light on the ground.
inline constexpr int64_t kDenoiserOutputs = 4;
/// Sizes are multiples of this.
inline constexpr int64_t kDenoiserUnit = 8;

class RenderDenoiserNetwork {
 public:
  RenderDenoiserNetwork(const Scope& scope, const RenderDenoiserConfig& config);
  /// f32 [n, h, w, kDenoiserInputs] and what is averaged, f32 [n, h, w, kDenoiserSignals] → f32 [n, h, w, kDenoiserOutputs]. Neighbours are weighed in squares
  /// of 5 × 5 pixels at the full size, a half, a quarter and an eighth. Computes in `type`.
  Tensor operator()(const Tensor& seen, const Tensor& signal, DType type) const;
  const RenderDenoiserConfig& config() const { return config_; }

 private:
  RenderDenoiserConfig config_;
  Conv2d in_;
  std::vector<Conv2d> down_;           ///< into levels 1 …
  std::vector<ResidualBlock> levels_;  ///< on the way down
  std::vector<Linear> up_;             ///< from level l + 1 to l
  std::vector<ResidualBlock> joined_;  ///< on the way up
  std::vector<Linear> weighing_;       ///< from the features of a level to the weights of the same size, and first those of the full size
};

/// A picture as the network reads it: what it sees, f32 [1, height, width, kDenoiserInputs], and what is averaged, f32 [1, height, width, kDenoiserSignals].
struct DenoiserView {
  Tensor seen, signal;
};
DenoiserView denoiser_view(const Radiance& radiance);

class RenderDenoiser {
 public:
  /// The network that `ptah train denoiser` made. With a non-empty digest (hex SHA-256) the file must have it. Errors: not_found, corrupt, mismatch.
  static Result<std::shared_ptr<const RenderDenoiser>> load(const std::filesystem::path& path, const std::string& sha256_hex = "");
  /// The one among the default models of a folder. Errors: as load().
  static Result<std::shared_ptr<const RenderDenoiser>> installed(const std::filesystem::path& models);
  /// The same picture with less noise, tile by tile; `light` and `ground` change, all else stays.
  Radiance operator()(Radiance radiance) const;
  const std::string& sha256() const { return sha256_; }
  /// Bytes that a picture of so many pixels takes at most while it is denoised.
  static int64_t planned_bytes(int64_t width, int64_t height);

 private:
  RenderDenoiser() = default;
  std::unique_ptr<RenderDenoiserNetwork> network_;
  std::string sha256_;
};

}  // namespace ptah
