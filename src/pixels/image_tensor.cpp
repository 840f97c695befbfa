#include "pixels/image_tensor.h"

#include <algorithm>
#include <cmath>

#include "base/parallel.h"
#include "tensor/ops.h"

namespace ptah {

namespace {
uint8_t to_byte(float v) { return static_cast<uint8_t>(std::lround(std::clamp(v, 0.0F, 1.0F) * 255)); }
}  // namespace

Image to_image(const Tensor& sample) {
  const int64_t h = sample.dim(-3), w = sample.dim(-2);
  PTAH_CHECK(sample.dim(-1) == 4 && sample.elements() == h * w * 4, "to_image of {}", sample.shape().str());
  Image picture = make_image(w, h);
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

Tensor premultiplied(const Image& picture) {
  Tensor out = Tensor::empty({1, picture.height, picture.width, 4});
  if (!DryRun::active())
    for (int64_t i = 0; i < picture.width * picture.height; ++i) premultiply(picture.rgba.data() + i * 4, out.data<float>() + i * 4);
  return out;
}

Tensor to_sample(const Image& picture, int64_t size) {
  const int64_t w = picture.width, h = picture.height;
  const double scale = static_cast<double>(size) / static_cast<double>(std::max<int64_t>({w, h, 1}));
  const auto scaled = [&](int64_t edge) { return std::clamp<int64_t>(static_cast<int64_t>(std::lround(static_cast<double>(edge) * scale)), 1, size); };
  const Tensor small = resize(premultiplied(picture), scaled(h), scaled(w), Filter::lanczos);
  Tensor out = Tensor::full({1, size, size, 4}, -1);
  if (!DryRun::active())
    for (int64_t y = 0; y < small.dim(1); ++y)
      std::copy_n(small.data<float>() + y * small.dim(2) * 4, small.dim(2) * 4,
                  out.data<float>() + ((y + (size - small.dim(1)) / 2) * size + (size - small.dim(2)) / 2) * 4);
  return out;
}

Image to_opaque_image(const Tensor& rgb) {
  const int64_t height = rgb.dim(1), width = rgb.dim(2);
  Image out = make_image(width, height);
  if (DryRun::active()) return out;
  for (int64_t i = 0; i < width * height; ++i) {
    for (int64_t c = 0; c < 3; ++c) {
      const float value = (rgb.data<float>()[i * 3 + c] + 1) * 127.5F;
      out.rgba[static_cast<size_t>(i * 4 + c)] = std::isfinite(value) ? static_cast<uint8_t>(std::lround(std::clamp(value, 0.0F, 255.0F))) : 0;
    }
    out.rgba[static_cast<size_t>(i * 4 + 3)] = 255;
  }
  return out;
}

Tensor rgb_on_white(const Image& picture) {
  Tensor out = Tensor::empty({1, picture.height, picture.width, 3});
  if (DryRun::active()) return out;
  for (int64_t i = 0; i < picture.width * picture.height; ++i) {
    const uint8_t* p = picture.rgba.data() + i * 4;
    const float alpha = static_cast<float>(p[3]) / 255;
    for (int64_t c = 0; c < 3; ++c) out.data<float>()[i * 3 + c] = (static_cast<float>(p[c]) * alpha + 255 * (1 - alpha)) / 127.5F - 1;
  }
  return out;
}

Image contact_sheet(const Tensor& samples, int64_t columns) {
  const int64_t n = samples.dim(0), h = samples.dim(1), w = samples.dim(2), rows = (n + columns - 1) / columns;
  Image sheet = make_image(columns * w, rows * h);
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
