#include "shape/fit.h"

#include <algorithm>
#include <cstring>

#include "shape/inflate.h"

namespace ptah {

namespace {

constexpr uint8_t kVisible = 128;
constexpr int64_t kThinnest = 40, kTooSmallToCut = 8;

double visible_share(const Image& picture) {
  int64_t visible = 0;
  for (size_t i = 3; i < picture.rgba.size(); i += 4) visible += picture.rgba[i] >= kVisible;
  return static_cast<double>(visible) / static_cast<double>(picture.width * picture.height);
}

bool one_colour(const Image& picture) {
  for (size_t i = 4; i < picture.rgba.size(); i += 4)
    if (std::memcmp(picture.rgba.data(), picture.rgba.data() + i, 4) != 0) return false;
  return true;
}

}  // namespace

Result<Image> checked_cut(const Image& picture, Image cut, bool whole_allowed) {
  if (visible_share(picture) == 0)
    return fail(
        ErrorCode::invalid_argument,
        "nothing in the picture can be seen: it is transparent everywhere, so there is nothing to make an object of. Give a picture that shows something");
  const bool has_alpha = std::any_of(picture.rgba.begin(), picture.rgba.end(), [i = 0](uint8_t v) mutable { return ++i % 4 == 0 && v < 250; });
  if (has_alpha) return picture;
  const double share = visible_share(cut);
  if (share > 0.001 && share < 0.98) return cut;
  if (whole_allowed || std::min(picture.width, picture.height) < kTooSmallToCut || one_colour(picture)) return picture;
  return fail(ErrorCode::invalid_argument,
              "nothing could be cut out of the picture: {}. Give one with a plain or transparent background, or make a plate of all of it with `solid` slab",
              share < 0.5 ? "all of it is like its border" : "it has no background in the colours of its border");
}

Result<Image> cut_for_object(const Image& picture, bool whole_allowed) { return checked_cut(picture, cut_out(picture), whole_allowed); }

Image cropped_for_object(const Image& cut) {
  int64_t x0 = cut.width, x1 = -1, y0 = cut.height, y1 = -1;
  for (int64_t y = 0; y < cut.height; ++y)
    for (int64_t x = 0; x < cut.width; ++x)
      if (cut.at(x, y)[3] >= kVisible) x0 = std::min(x0, x), x1 = std::max(x1, x), y0 = std::min(y0, y), y1 = std::max(y1, y);
  if (x1 < 0) return cut;
  const int64_t w = x1 - x0 + 1, h = y1 - y0 + 1;
  const auto wide = [](int64_t edge, int64_t other) { return std::max({edge, (other + kThinnest - 1) / kThinnest}); };
  Image out = make_image(wide(w, h), wide(h, w));
  for (int64_t y = 0; y < out.height; ++y)
    for (int64_t x = 0; x < out.width; ++x) std::memcpy(out.at(x, y), cut.at(x0 + x * w / out.width, y0 + y * h / out.height), 4);
  return out;
}

}  // namespace ptah
