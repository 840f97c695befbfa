#include "image/picture.h"

#include <algorithm>
#include <cmath>

#include "base/parallel.h"
#include "tensor/ops.h"

namespace ptah {

namespace {
uint8_t to_byte(float v) { return static_cast<uint8_t>(std::lround(std::clamp(v, 0.0F, 1.0F) * 255)); }
}  // namespace

Picture to_picture(const Tensor& sample) {
  const int64_t h = sample.dim(-3), w = sample.dim(-2);
  PTAH_CHECK(sample.dim(-1) == 4 && sample.elements() == h * w * 4, "to_picture of {}", sample.shape().str());
  Picture picture = make_picture(w, h);
  for (int64_t i = 0; i < h * w; ++i) {
    const float* from = sample.data<float>() + i * 4;
    uint8_t* to = picture.rgba.data() + i * 4;
    const float alpha = std::clamp((from[3] + 1) / 2, 0.0F, 1.0F);
    to[3] = to_byte(alpha);
    if (to[3] < 2) {
      to[3] = 0;
      continue;
    }
    for (int c = 0; c < 3; ++c) to[c] = to_byte((from[c] + 1) / 2 / alpha);
  }
  return picture;
}

Tensor to_sample(const Picture& picture, int64_t size) {
  const int64_t w = picture.width, h = picture.height;
  const double scale = static_cast<double>(size) / static_cast<double>(std::max<int64_t>({w, h, 1}));
  const auto scaled = [&](int64_t edge) { return std::clamp<int64_t>(static_cast<int64_t>(std::lround(static_cast<double>(edge) * scale)), 1, size); };
  Tensor x = Tensor::empty({1, h, w, 4});
  if (!DryRun::active())
    for (int64_t i = 0; i < w * h; ++i) {
      const uint8_t* from = picture.rgba.data() + i * 4;
      const float alpha = static_cast<float>(from[3]) / 255;
      float* to = x.data<float>() + i * 4;
      for (int c = 0; c < 3; ++c) to[c] = 2 * static_cast<float>(from[c]) / 255 * alpha - 1;
      to[3] = 2 * alpha - 1;
    }
  const Tensor small = resize(x, scaled(h), scaled(w), Filter::lanczos);
  Tensor out = Tensor::full({1, size, size, 4}, -1);
  if (!DryRun::active())
    for (int64_t y = 0; y < small.dim(1); ++y)
      std::copy_n(small.data<float>() + y * small.dim(2) * 4, small.dim(2) * 4,
                  out.data<float>() + ((y + (size - small.dim(1)) / 2) * size + (size - small.dim(2)) / 2) * 4);
  return out;
}

Picture contact_sheet(const Tensor& samples, int64_t columns) {
  const int64_t n = samples.dim(0), h = samples.dim(1), w = samples.dim(2), rows = (n + columns - 1) / columns;
  Picture sheet = make_picture(columns * w, rows * h);
  std::fill(sheet.rgba.begin(), sheet.rgba.end(), uint8_t{255});
  for (int64_t i = 0; i < n; ++i) {
    const float* from = samples.data<float>() + i * h * w * 4;
    for (int64_t y = 0; y < h; ++y)
      for (int64_t x = 0; x < w; ++x, from += 4) {
        uint8_t* to = sheet.at(i % columns * w + x, i / columns * h + y);
        const float alpha = std::clamp((from[3] + 1) / 2, 0.0F, 1.0F);
        for (int c = 0; c < 3; ++c) to[c] = to_byte((from[c] + 1) / 2 + 1 - alpha);
      }
  }
  return sheet;
}

}  // namespace ptah
