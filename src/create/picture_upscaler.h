// The upscaler's file, and pictures of any size made four times as large with it.
#pragma once

#include <filesystem>
#include <memory>

#include "base/progress.h"
#include "image/upscaler.h"
#include "media/picture.h"

namespace ptah {

class PictureUpscaler {
 public:
  /// With a non-empty digest (hex SHA-256) the file must have it. Errors: not_found, corrupt, mismatch.
  static Result<std::shared_ptr<const PictureUpscaler>> load(const std::filesystem::path& path, const std::string& sha256_hex = "");

  /// Premultiplied RGBA in [−1, 1], f32 [n, h, w, 4] → f32 [n, 4·h, 4·w, 4].
  Tensor operator()(const Tensor& samples) const;
  /// A picture four times as large each way, made in tiles. Errors: unsupported (the result would be over the limits of media/picture.h), cancelled.
  Result<Picture> upscale(const Picture& picture, const ProgressCallback& progress = {}, const CancelToken* cancel = nullptr) const;
  const std::string& sha256() const { return sha256_; }
  int64_t file_bytes() const { return file_bytes_; }

 private:
  PictureUpscaler() = default;
  std::unique_ptr<Upscaler> upscaler_;
  std::string sha256_;
  int64_t file_bytes_ = 0;
};

}  // namespace ptah
