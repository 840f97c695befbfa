#include "shape/reconstruction/prepared_picture.h"

#include <algorithm>

#include "tensor/ops.h"

namespace ptah {

namespace {

/// The part that is not transparent, but for its last row and column, which the public code leaves out.
struct Piece {
  int64_t left, top, width, height;
};

Piece visible_part(const Image& cut) {
  int64_t x0 = cut.width, x1 = -1, y0 = cut.height, y1 = -1;
  for (int64_t y = 0; y < cut.height; ++y)
    for (int64_t x = 0; x < cut.width; ++x)
      if (cut.at(x, y)[3] > 0) x0 = std::min(x0, x), x1 = std::max(x1, x), y0 = std::min(y0, y), y1 = std::max(y1, y);
  return {x0, y0, x1 - x0, y1 - y0};
}

}  // namespace

Result<Tensor> prepared_picture(const Image& cut, int64_t size) {
  const Piece part = visible_part(cut);
  if (part.width < 1 || part.height < 1)
    return fail(ErrorCode::invalid_argument, "the picture shows nothing that is 2 pixels wide and high. Give one that shows an object");
  const int64_t inner = std::max(part.width, part.height), edge = static_cast<int64_t>(static_cast<double>(inner) / kForegroundRatio);
  const int64_t left = (edge - inner) / 2 + (inner - part.width) / 2, top = (edge - inner) / 2 + (inner - part.height) / 2;
  Tensor square = Tensor::full({1, edge, edge, 3}, static_cast<float>(static_cast<uint8_t>(kBackgroundGrey * 255)) / 255);
  for (int64_t y = 0; y < part.height; ++y)
    for (int64_t x = 0; x < part.width; ++x) {
      const uint8_t* from = cut.at(part.left + x, part.top + y);
      float* to = square.data<float>() + ((top + y) * edge + left + x) * 3;
      const float alpha = static_cast<float>(from[3]) / 255;
      for (int c = 0; c < 3; ++c) {
        const float mixed = static_cast<float>(from[c]) / 255 * alpha + (1 - alpha) * kBackgroundGrey;
        to[c] = static_cast<float>(static_cast<uint8_t>(mixed * 255)) / 255;
      }
    }
  return resize(square, size, size, Filter::bilinear);
}

}  // namespace ptah
