#include "pixels/background.h"

#include <array>

namespace ptah {

Image flattened(Image picture, const std::string& background) {
  if (background == "transparent") return picture;
  std::array<int, 3> ground{255, 255, 255};
  if (background == "black") ground = {0, 0, 0};
  if (background[0] == '#')
    for (size_t c = 0; c < 3; ++c) ground[c] = std::stoi(background.substr(1 + 2 * c, 2), nullptr, 16);
  for (size_t i = 0; i < picture.rgba.size(); i += 4) {
    const int alpha = picture.rgba[i + 3];
    for (size_t c = 0; c < 3; ++c) picture.rgba[i + c] = static_cast<uint8_t>((picture.rgba[i + c] * alpha + ground[c] * (255 - alpha) + 127) / 255);
    picture.rgba[i + 3] = 255;
  }
  return picture;
}

}  // namespace ptah
