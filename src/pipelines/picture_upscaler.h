// The upscaler's file, or one of other people's (Real-ESRGAN's kinds), and pictures of any size made larger with it.
#pragma once

#include <filesystem>
#include <memory>

#include "base/progress.h"
#include "image/super_resolution.h"
#include "image/upscaler.h"
#include "media/image.h"
#include "work/plan.h"

namespace ptah {

class PictureUpscaler {
 public:
  /// With a non-empty digest (hex SHA-256) the file must have it; without, it may be one of super_resolution.h's networks (safetensors or PyTorch's own).
  /// Errors: not_found, corrupt, mismatch.
  static Result<std::shared_ptr<const PictureUpscaler>> load(const std::filesystem::path& path, const std::string& sha256_hex = "");

  /// Premultiplied RGBA in [−1, 1], f32 [n, h, w, 4] → f32 [n, 4·h, 4·w, 4]. Not for other people's networks.
  Tensor operator()(const Tensor& samples) const;
  int64_t factor() const { return network_ ? network_->factor() : UpscalerConfig::kFactor; }
  /// A picture factor() times as large each way, made in tiles. Errors: unsupported (the result would be over the limits of media/image.h), cancelled.
  Result<Image> upscale(const Image& picture, const ProgressCallback& progress = {}, const CancelToken* cancel = nullptr) const;
  /// Memory and time of a picture of so many pixels.
  Plan plan(int64_t width, int64_t height) const;
  const std::string& sha256() const { return sha256_; }
  int64_t file_bytes() const { return file_bytes_; }

 private:
  PictureUpscaler() = default;
  void enlarge_with_network(const Image& picture, Image& out, const ProgressCallback& progress, const CancelToken* cancel) const;
  std::unique_ptr<Upscaler> upscaler_;
  std::unique_ptr<SuperResolution> network_;  ///< instead of it
  std::string sha256_;
  int64_t file_bytes_ = 0;
};

}  // namespace ptah
