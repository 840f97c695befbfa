// Copies of pictures as people make them; for tests and benches.
#pragma once

#include <algorithm>

#include "media/image.h"

namespace ptah {

inline Image cropped(const Image& from, int64_t left, int64_t top, int64_t width, int64_t height) {
  Image out = make_image(width, height);
  for (int64_t y = 0; y < height; ++y) std::copy_n(from.at(left, top + y), width * 4, out.at(0, y));
  return out;
}

/// The mean of four pixels, on white.
inline Image halved(const Image& from) {
  Image out = make_image(from.width / 2, from.height / 2);
  for (int64_t y = 0; y < out.height; ++y)
    for (int64_t x = 0; x < out.width; ++x) {
      for (int c = 0; c < 3; ++c) {
        int sum = 0;
        for (int k = 0; k < 4; ++k) {
          const uint8_t* p = from.at(2 * x + k % 2, 2 * y + k / 2);
          sum += (p[c] * p[3] + 255 * (255 - p[3]) + 127) / 255;
        }
        out.at(x, y)[c] = static_cast<uint8_t>((sum + 2) / 4);
      }
      out.at(x, y)[3] = 255;
    }
  return out;
}

inline Image jpeg(const Image& from, int quality) { return value_or_throw(decode_jpeg(value_or_throw(encode_jpeg(from, quality)))); }

}  // namespace ptah
