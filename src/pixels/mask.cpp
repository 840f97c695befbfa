#include "pixels/mask.h"

#include <algorithm>

#include "base/parallel.h"
#include "pixels/image_tensor.h"

namespace ptah {

namespace {

struct Luma {
  float r, g, b;
};
constexpr Luma kRec601{0.299F, 0.587F, 0.114F}, kRec709{0.2126F, 0.7152F, 0.0722F};

}  // namespace

Tensor mask_share(const Image& mask, MaskRule rule) {
  Tensor out = Tensor::empty({1, mask.height, mask.width, 1});
  if (DryRun::active()) return out;
  const Luma& luma = rule == MaskRule::rec601 ? kRec601 : kRec709;
  for (int64_t i = 0; i < mask.width * mask.height; ++i) {
    const uint8_t* p = mask.rgba.data() + i * 4;
    out.data<float>()[i] =
        (luma.r * static_cast<float>(p[0]) + luma.g * static_cast<float>(p[1]) + luma.b * static_cast<float>(p[2])) / 255 * static_cast<float>(p[3]) / 255;
  }
  return out;
}

Tensor fitted_mask_share(const Image& mask, int64_t size) {
  const Tensor fitted = to_sample(mask, size);
  Tensor out = Tensor::empty({1, size, size, 1});
  if (DryRun::active()) return out;
  for (int64_t i = 0; i < size * size; ++i) {  // premultiplied: luminance times alpha
    const float* p = fitted.data<float>() + i * 4;
    out.data<float>()[i] = std::clamp(kRec709.r * (p[0] + 1) / 2 + kRec709.g * (p[1] + 1) / 2 + kRec709.b * (p[2] + 1) / 2, 0.0F, 1.0F);
  }
  return out;
}

}  // namespace ptah
