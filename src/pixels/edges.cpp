#include "pixels/edges.h"

#include <algorithm>
#include <cstdlib>
#include <vector>

namespace ptah {

Image edges_of(const Image& picture, int low, int high) {
  constexpr int64_t kMaxPixels = 14'000'000;  // 33 bytes of each are held on the way: less than 512 MiB
  if (picture.width * picture.height > kMaxPixels)
    throw Failure({ErrorCode::over_budget, fmt::format("edges of {} × {} pixels; up to {} pixels are possible: make the picture smaller first", picture.width,
                                                       picture.height, kMaxPixels)});
  const int64_t w = picture.width, h = picture.height;
  // Colours on white; neighbours beyond the border are the border's.
  std::vector<int> colours(static_cast<size_t>(w * h * 3));
  for (int64_t i = 0; i < w * h; ++i)
    for (int64_t c = 0; c < 3; ++c) {
      const int alpha = picture.rgba[static_cast<size_t>(i * 4 + 3)];
      colours[static_cast<size_t>(i * 3 + c)] = (picture.rgba[static_cast<size_t>(i * 4 + c)] * alpha + 255 * (255 - alpha) + 127) / 255;
    }
  const auto colour = [&](int64_t x, int64_t y, int64_t c) {
    return colours[static_cast<size_t>((std::clamp<int64_t>(y, 0, h - 1) * w + std::clamp<int64_t>(x, 0, w - 1)) * 3 + c)];
  };
  // Sobel's slopes of the channel that changes most.
  std::vector<int> dx(static_cast<size_t>(w * h)), dy(dx.size()), size(dx.size());
  for (int64_t y = 0; y < h; ++y)
    for (int64_t x = 0; x < w; ++x) {
      const auto at = static_cast<size_t>(y * w + x);
      for (int64_t c = 0; c < 3; ++c) {
        const int across = colour(x + 1, y - 1, c) + 2 * colour(x + 1, y, c) + colour(x + 1, y + 1, c) - colour(x - 1, y - 1, c) - 2 * colour(x - 1, y, c) -
                           colour(x - 1, y + 1, c);
        const int along = colour(x - 1, y + 1, c) + 2 * colour(x, y + 1, c) + colour(x + 1, y + 1, c) - colour(x - 1, y - 1, c) - 2 * colour(x, y - 1, c) -
                          colour(x + 1, y - 1, c);
        const int norm = std::abs(across) + std::abs(along);
        if (c == 0 || norm > size[at]) dx[at] = across, dy[at] = along, size[at] = norm;
      }
    }
  const auto size_at = [&](int64_t x, int64_t y) { return x < 0 || y < 0 || x >= w || y >= h ? 0 : size[static_cast<size_t>(y * w + x)]; };
  enum : uint8_t { none, maybe, edge };
  std::vector<uint8_t> kind(dx.size(), none);
  std::vector<int64_t> open;
  for (int64_t y = 0; y < h; ++y)
    for (int64_t x = 0; x < w; ++x) {
      const auto at = static_cast<size_t>(y * w + x);
      const int m = size[at];
      if (m <= low) continue;
      // The ridge's direction in four classes; tangents of 22.5° and 67.5° with 15 bits behind the point.
      constexpr int64_t kTangent = 13573;
      const int64_t across = std::abs(dx[at]), along = int64_t{std::abs(dy[at])} << 15, flat = across * kTangent;
      bool ridge = false;
      if (along < flat) {
        ridge = m > size_at(x - 1, y) && m >= size_at(x + 1, y);
      } else if (along > flat + (across << 16)) {
        ridge = m > size_at(x, y - 1) && m >= size_at(x, y + 1);
      } else {
        const int64_t s = (dx[at] ^ dy[at]) < 0 ? -1 : 1;
        ridge = m > size_at(x - s, y - 1) && m > size_at(x + s, y + 1);
      }
      if (!ridge) continue;
      kind[at] = m > high ? edge : maybe;
      if (m > high) open.push_back(static_cast<int64_t>(at));
    }
  while (!open.empty()) {
    const int64_t x = open.back() % w, y = open.back() / w;
    open.pop_back();
    for (int64_t v = std::max<int64_t>(y - 1, 0); v <= std::min(y + 1, h - 1); ++v)
      for (int64_t u = std::max<int64_t>(x - 1, 0); u <= std::min(x + 1, w - 1); ++u)
        if (auto& other = kind[static_cast<size_t>(v * w + u)]; other == maybe) {
          other = edge;
          open.push_back(v * w + u);
        }
  }
  Image out = make_image(w, h);
  for (size_t i = 0; i < kind.size(); ++i) {
    const auto value = static_cast<uint8_t>(kind[i] == edge ? 255 : 0);
    for (size_t c = 0; c < 3; ++c) out.rgba[i * 4 + c] = value;
    out.rgba[i * 4 + 3] = 255;
  }
  return out;
}

}  // namespace ptah
