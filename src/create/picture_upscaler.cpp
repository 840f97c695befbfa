#include "create/picture_upscaler.h"

#include <algorithm>

#include "base/parallel.h"
#include "create/model_file.h"
#include "image/picture.h"

namespace ptah {

namespace {

constexpr int64_t kTile = 128;
constexpr uint8_t kEmpty = 5, kFull = 250;  ///< alpha beyond these is rounded to nothing and to all

/// Straight alpha, f32 [1, h, w, 4], premultiplied in [−1, 1].
Tensor sample_of(const Picture& picture) {
  Tensor out = Tensor::empty({1, picture.height, picture.width, 4});
  for (int64_t i = 0; i < picture.width * picture.height; ++i) {
    const uint8_t* from = picture.rgba.data() + i * 4;
    float* to = out.data<float>() + i * 4;
    const float alpha = static_cast<float>(from[3]) / 255;
    for (int c = 0; c < 3; ++c) to[c] = static_cast<float>(from[c]) / 255 * alpha * 2 - 1;
    to[3] = alpha * 2 - 1;
  }
  return out;
}

}  // namespace

Result<std::shared_ptr<const PictureUpscaler>> PictureUpscaler::load(const std::filesystem::path& path, const std::string& sha256_hex_wanted) {
  PTAH_TRY(ModelFile file, open_model(path, sha256_hex_wanted));
  const auto found = file.content.metadata.find("upscaler");
  if (found == file.content.metadata.end()) return fail(ErrorCode::corrupt, "{}: not an upscaler (no 'upscaler' in its metadata)", path.string());
  PTAH_TRY(const Json json, parse_json(found->second));
  PTAH_TRY(const UpscalerConfig config, upscaler_config(json));
  return guard([&]() -> Result<std::shared_ptr<const PictureUpscaler>> {
    Weights weights(std::move(file.content.tensors));
    std::shared_ptr<PictureUpscaler> upscaler(new PictureUpscaler);
    upscaler->upscaler_ = std::make_unique<Upscaler>(Scope(weights), config);
    upscaler->sha256_ = file.digest;
    upscaler->file_bytes_ = file.bytes;
    return upscaler;
  });
}

Tensor PictureUpscaler::operator()(const Tensor& samples) const {
  const NoGrad off;
  return (*upscaler_)(samples, compute_dtype());
}

Result<Picture> PictureUpscaler::upscale(const Picture& picture, const ProgressCallback& progress, const CancelToken* cancel) const {
  constexpr int64_t kFactor = UpscalerConfig::kFactor;
  const int64_t width = picture.width * kFactor, height = picture.height * kFactor;
  if (width > kMostPictureEdge || height > kMostPicturePixels / std::max<int64_t>(width, 1))
    return fail(ErrorCode::unsupported, "a picture of {} × {} would become {} × {}: more than {} an edge or {} pixels", picture.width, picture.height, width,
                height, kMostPictureEdge, kMostPicturePixels);
  return guard([&]() -> Result<Picture> {
    const NoGrad off;
    const int64_t reach = upscaler_->config().reach();
    const Tensor whole = sample_of(picture);
    Picture out = make_picture(width, height);
    for (int64_t top = 0; top < picture.height; top += kTile)
      for (int64_t left = 0; left < picture.width; left += kTile) {
        if (cancel) PTAH_TRY_VOID(cancel->check());
        const int64_t h = std::min(kTile, picture.height - top), w = std::min(kTile, picture.width - left);
        const Tensor tile = upscaler_->bordered(crop_clamped(whole, top - reach, left - reach, h + 2 * reach, w + 2 * reach), compute_dtype());
        Picture made = to_picture(tile);
        for (size_t i = 3; i < made.rgba.size(); i += 4)  // what was full or empty stays so
          made.rgba[i] = made.rgba[i] > kFull ? uint8_t{255} : made.rgba[i] < kEmpty ? uint8_t{0} : made.rgba[i];
        for (int64_t y = 0; y < made.height; ++y) std::copy_n(made.at(0, y), static_cast<size_t>(made.width) * 4, out.at(left * kFactor, top * kFactor + y));
        if (progress)
          progress({"upscale", static_cast<double>(top * picture.width + (left + w) * h) / static_cast<double>(picture.height * picture.width), -1});
      }
    return out;
  });
}

}  // namespace ptah
