#include "image/upscaler.h"

#include <algorithm>

#include "base/parallel.h"

namespace ptah {

template <class C, class Visit>
requires std::same_as<std::remove_const_t<C>, UpscalerConfig>
void fields(C& c, const Visit& visit) {
  visit("width", c.width);
  visit("blocks", c.blocks);
}

Json to_json(const UpscalerConfig& c) { return json_of_fields(c); }

Result<UpscalerConfig> upscaler_config(const Json& json) {
  PTAH_TRY(const UpscalerConfig c, fields_from_json<UpscalerConfig>(json, "upscaler config"));
  if (c.width < 1 || c.width > 1024 || c.blocks < 0 || c.blocks > 64)
    return fail(ErrorCode::corrupt, "upscaler config: values out of range in {}", json.dump());
  return c;
}

Upscaler::Upscaler(const Scope& scope, const UpscalerConfig& config)
    : config_(config),
      in_(scope / "in", 4, config.width, 3),
      out_(scope / "out", config.width, 4 * UpscalerConfig::kFactor * UpscalerConfig::kFactor, 3, 1, 0) {
  for (int64_t b = 0; b < config.blocks; ++b) blocks_.emplace_back(scope / "blocks" / static_cast<int>(b), config.width);
}

Tensor Upscaler::bordered(const Tensor& pictures, DType type) const {
  constexpr int64_t kFactor = UpscalerConfig::kFactor;
  const int64_t reach = config_.reach(), h = pictures.dim(1) - 2 * reach, w = pictures.dim(2) - 2 * reach;
  PTAH_CHECK(pictures.rank() == 4 && pictures.dim(3) == 4 && h > 0 && w > 0, "upscaler: pictures {} with a border of {}", pictures.shape().str(), reach);
  Tensor x = in_(cast(pictures, type));
  for (const ResidualBlock& block : blocks_) x = block(x);
  const Tensor fine = depth_to_space(cast(out_(silu(x)), DType::f32), kFactor);
  const Tensor whole = add(resize(pictures, pictures.dim(1) * kFactor, pictures.dim(2) * kFactor, Filter::bilinear), fine);
  return slice(slice(whole, 1, kFactor * reach, kFactor * (reach + h)), 2, kFactor * reach, kFactor * (reach + w));
}

Tensor Upscaler::operator()(const Tensor& pictures, DType type) const {
  const int64_t reach = config_.reach();
  return bordered(crop_clamped(pictures, -reach, -reach, pictures.dim(1) + 2 * reach, pictures.dim(2) + 2 * reach), type);
}

Tensor crop_clamped(const Tensor& pictures, int64_t top, int64_t left, int64_t height, int64_t width) {
  PTAH_CHECK(pictures.rank() == 4 && pictures.dtype() == DType::f32 && pictures.elements() > 0 && height > 0 && width > 0, "crop_clamped of {}",
             pictures.shape().str());
  const int64_t n = pictures.dim(0), h = pictures.dim(1), w = pictures.dim(2), c = pictures.dim(3);
  Tensor out = Tensor::empty({n, height, width, c});
  if (DryRun::active()) return out;
  parallel_for(n * height, width * c, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const float* from = pictures.data<float>() + (row / height * h + std::clamp<int64_t>(top + row % height, 0, h - 1)) * w * c;
      float* to = out.data<float>() + row * width * c;
      for (int64_t x = 0; x < width; ++x) std::copy_n(from + std::clamp<int64_t>(left + x, 0, w - 1) * c, c, to + x * c);
    }
  });
  return out;
}

}  // namespace ptah
