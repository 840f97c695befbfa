#include <algorithm>
#include <cmath>

#include "base/parallel.h"
#include "render/field/fit.h"
#include "render/field/march.h"

namespace ptah {

Result<std::vector<FieldColour>> draw_field(const RadianceField& field, const PosedCamera& camera, const CancelToken* cancel) {
  std::vector<FieldColour> out(static_cast<size_t>(camera.width * camera.height));
  parallel_for(camera.height, camera.width * 4096, [&](int64_t begin, int64_t end) {
    std::vector<FieldRay> rays(static_cast<size_t>(camera.width));
    for (int64_t y = begin; y < end; ++y) {
      if (cancel && cancel->cancelled()) return;
      for (int64_t x = 0; x < camera.width; ++x)
        rays[static_cast<size_t>(x)] = {.origin = camera.eye, .direction = camera.ray(static_cast<float>(x) + 0.5F, static_cast<float>(y) + 0.5F)};
      see(field, rays, out.data() + y * camera.width);
    }
  });
  if (cancel) PTAH_TRY_VOID(cancel->check());
  return out;
}

Image picture_of_field(const std::vector<FieldColour>& seen, int64_t width, int64_t height) {
  Image out = make_image(width, height);
  for (size_t i = 0; i < seen.size(); ++i) {
    uint8_t* to = out.rgba.data() + i * 4;
    for (size_t c = 0; c < 3; ++c) {
      const float straight = seen[i].alpha > 1e-4F ? seen[i].colour[c] / seen[i].alpha : 1;
      to[c] = static_cast<uint8_t>(std::lround(std::clamp(straight, 0.0F, 1.0F) * 255));
    }
    to[3] = static_cast<uint8_t>(std::lround(std::clamp(seen[i].alpha, 0.0F, 1.0F) * 255));
  }
  return out;
}

Result<double> field_psnr(const RadianceField& field, std::span<const PosedPicture> pictures, const CancelToken* cancel) {
  if (pictures.empty()) return fail(ErrorCode::invalid_argument, "no picture to compare with");
  double sum = 0;
  for (const PosedPicture& p : pictures) {
    PTAH_TRY(const std::vector<FieldColour> seen, draw_field(field, p.camera, cancel));
    double square = 0;
    for (size_t i = 0; i < seen.size(); ++i) {
      const uint8_t* truth = p.picture.rgba.data() + i * 4;
      const float alpha = static_cast<float>(truth[3]) / 255;
      for (size_t c = 0; c < 3; ++c) {
        const float wanted = static_cast<float>(truth[c]) / 255 * alpha + (1 - alpha), shown = std::clamp(seen[i].colour[c] + (1 - seen[i].alpha), 0.0F, 1.0F);
        square += static_cast<double>((shown - wanted) * (shown - wanted));
      }
    }
    sum += 10 * std::log10(1 / std::max(square / static_cast<double>(3 * seen.size()), 1e-10));
  }
  return sum / static_cast<double>(pictures.size());
}

}  // namespace ptah
