#include "image/matting.h"

#include <algorithm>

namespace ptah {

Result<MattingConfig> matting_config(const Json& json) { return pixel_unet_config(json, "matting config"); }

Letterbox letterbox(int64_t width, int64_t height, int64_t size) {
  const int64_t longest = std::max(width, height);
  Letterbox box{.width = std::max<int64_t>(1, (width * size + longest / 2) / longest), .height = std::max<int64_t>(1, (height * size + longest / 2) / longest)};
  box.left = (size - box.width) / 2;
  box.top = (size - box.height) / 2;
  return box;
}

Tensor matting_input(const Image& picture, int64_t size) {
  const int64_t w = picture.width, h = picture.height;
  const Letterbox box = letterbox(w, h, size);
  Tensor out = Tensor::zeros({1, size, size, 3});
  for (int64_t c = 0; c < 3; ++c) {  // one channel after the other: a third of the memory
    Tensor channel = Tensor::empty({1, h, w, 1});
    for (int64_t i = 0; i < w * h; ++i) channel.data<float>()[i] = static_cast<float>(picture.rgba[static_cast<size_t>(i * 4 + c)]) / 127.5F - 1;
    const Tensor fitted = resize(channel, box.height, box.width, Filter::bilinear);
    for (int64_t y = 0; y < box.height; ++y)
      for (int64_t x = 0; x < box.width; ++x) out.data<float>()[((box.top + y) * size + box.left + x) * 3 + c] = fitted.data<float>()[y * box.width + x];
  }
  return out;
}

}  // namespace ptah
