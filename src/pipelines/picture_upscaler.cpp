#include "pipelines/picture_upscaler.h"

#include <algorithm>
#include <cmath>

#include "base/parallel.h"
#include "base/sha256.h"
#include "models/model_file.h"
#include "pixels/image_tensor.h"
#include "tensor/ops.h"
#include "weights/torch_file.h"
#include "tensor/device.h"

namespace ptah {

namespace {

constexpr int64_t kTile = 128;
constexpr uint8_t kEmpty = 5, kFull = 250;  ///< alpha beyond these is rounded to nothing and to all

}  // namespace

Result<std::shared_ptr<const PictureUpscaler>> PictureUpscaler::load(const std::filesystem::path& path, const std::string& sha256_hex_wanted) {
  if (sha256_hex_wanted.empty()) {
    PTAH_TRY(TensorFile others, read_tensor_file(path));
    if (SuperResolution::recognises(others.tensors))
      return guard([&]() -> Result<std::shared_ptr<const PictureUpscaler>> {
        Weights weights(std::move(others.tensors));
        std::shared_ptr<PictureUpscaler> upscaler(new PictureUpscaler);
        upscaler->network_ = std::make_unique<SuperResolution>(weights);
        PTAH_TRY(upscaler->sha256_, sha256_of_file(path));
        return upscaler;
      });
  }
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

void PictureUpscaler::enlarge_with_network(const Image& picture, Image& out, const ProgressCallback& progress, const CancelToken* cancel) const {
  constexpr int64_t kNetworkTile = 256;
  const int64_t factor = network_->factor(), unit = network_->unit(), w = picture.width, h = picture.height;
  // Colours in 0 … 1, out to whole units by repeating the last rows and columns.
  const int64_t wide = (w + unit - 1) / unit * unit, tall = (h + unit - 1) / unit * unit;
  Tensor colours = Tensor::empty({1, tall, wide, 3}), alpha = Tensor::empty({1, h, w, 1});
  bool opaque = true;
  for (int64_t y = 0; y < tall; ++y)
    for (int64_t x = 0; x < wide; ++x) {
      const uint8_t* from = picture.at(std::min(x, w - 1), std::min(y, h - 1));
      for (int64_t c = 0; c < 3; ++c) colours.data<float>()[(y * wide + x) * 3 + c] = static_cast<float>(from[c]) / 255;
      if (x >= w || y >= h) continue;
      alpha.data<float>()[y * w + x] = static_cast<float>(from[3]) / 255;
      opaque = opaque && from[3] == 255;
    }
  if (!opaque) alpha = resize(alpha, h * factor, w * factor, Filter::lanczos);
  const auto level = [](float value) { return static_cast<uint8_t>(std::lround(std::clamp(value, 0.0F, 1.0F) * 255)); };
  for (int64_t top = 0; top < tall; top += kNetworkTile)
    for (int64_t left = 0; left < wide; left += kNetworkTile) {
      stop_if_cancelled(cancel);
      // With as much around as the network looks at, but never beyond the picture: there it sees the zeros it was trained with.
      const int64_t bottom = std::min(top + kNetworkTile, tall), right = std::min(left + kNetworkTile, wide),
                    reach = (network_->reach() + unit - 1) / unit * unit;
      const int64_t y0 = std::max<int64_t>(top - reach, 0), y1 = std::min(bottom + reach, tall), x0 = std::max<int64_t>(left - reach, 0),
                    x1 = std::min(right + reach, wide);
      const Tensor made = (*network_)(cast(slice(slice(colours, 1, y0, y1), 2, x0, x1), compute_dtype()));
      for (int64_t y = top * factor; y < std::min(bottom, h) * factor; ++y)
        for (int64_t x = left * factor; x < std::min(right, w) * factor; ++x) {
          uint8_t* to = out.at(x, y);
          for (int64_t c = 0; c < 3; ++c) to[c] = level(made.data<float>()[((y - y0 * factor) * made.dim(2) + x - x0 * factor) * 3 + c]);
          to[3] = opaque ? uint8_t{255} : level(alpha.data<float>()[y * w * factor + x]);
        }
      if (progress) progress({"upscale", static_cast<double>(top * wide + right * (bottom - top)) / static_cast<double>(tall * wide), -1});
    }
}

Plan PictureUpscaler::plan(int64_t width, int64_t height) const {
  const int64_t pixels = width * height, large = pixels * factor() * factor();
  const int64_t tile = std::min(pixels, network_ ? int64_t{256 * 256} : kTile * kTile);
  Plan plan;
  plan.weight_bytes = file_bytes_;
  plan.program_bytes = int64_t{80} << 20;
  // The picture and its samples; the large one and its PNG; a tile's activations.
  plan.tensor_bytes = pixels * 20 + large * 8 + tile * (network_ ? 4096 : 2048);
  plan.flops = pixels * (network_ ? 40'000'000 : 400'000);
  plan.peak_bytes = plan.weight_bytes + plan.program_bytes + plan.tensor_bytes;
  plan.seconds = 0.1 + seconds_for(plan.flops);
  return plan;
}

Result<Image> PictureUpscaler::upscale(const Image& picture, const ProgressCallback& progress, const CancelToken* cancel) const {
  const int64_t times = factor();
  const int64_t width = picture.width * times, height = picture.height * times;
  if (width > kMaxImageEdge || height > kMaxImageEdge)
    return fail(ErrorCode::unsupported, "a picture of {} × {} would become {} × {}; an edge of up to {} pixels is possible", picture.width, picture.height,
                width, height, kMaxImageEdge);
  if (width * height > kMaxImagePixels)
    return fail(ErrorCode::unsupported, "a picture of {} × {} would become {} × {}, {} pixels; up to {} are possible", picture.width, picture.height, width,
                height, width * height, kMaxImagePixels);
  return guard([&]() -> Result<Image> {
    const NoGrad off;
    Image out = make_image(width, height);
    if (network_) {
      enlarge_with_network(picture, out, progress, cancel);
      return out;
    }
    const int64_t reach = upscaler_->config().reach();
    const Tensor whole = premultiplied(picture);
    for (int64_t top = 0; top < picture.height; top += kTile)
      for (int64_t left = 0; left < picture.width; left += kTile) {
        if (cancel) PTAH_TRY_VOID(cancel->check());
        const int64_t h = std::min(kTile, picture.height - top), w = std::min(kTile, picture.width - left);
        const Tensor tile = upscaler_->bordered(crop_clamped(whole, top - reach, left - reach, h + 2 * reach, w + 2 * reach), compute_dtype());
        Image made = to_image(tile);
        for (size_t i = 3; i < made.rgba.size(); i += 4)  // what was full or empty stays so
          made.rgba[i] = made.rgba[i] > kFull ? uint8_t{255} : made.rgba[i] < kEmpty ? uint8_t{0} : made.rgba[i];
        for (int64_t y = 0; y < made.height; ++y) std::copy_n(made.at(0, y), static_cast<size_t>(made.width) * 4, out.at(left * times, top * times + y));
        if (progress)
          progress({"upscale", static_cast<double>(top * picture.width + (left + w) * h) / static_cast<double>(picture.height * picture.width), -1});
      }
    return out;
  });
}

}  // namespace ptah
