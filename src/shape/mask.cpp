#include <algorithm>
#include <cmath>

#include "shape/inflate.h"
#include "tensor/ops.h"

namespace ptah {

namespace {

std::array<float, 3> lab_of(const uint8_t* rgb) {
  float linear[3];
  for (int i = 0; i < 3; ++i) {
    const float v = static_cast<float>(rgb[i]) / 255;
    linear[i] = v <= 0.04045F ? v / 12.92F : std::pow((v + 0.055F) / 1.055F, 2.4F);
  }
  const float x = 0.4124F * linear[0] + 0.3576F * linear[1] + 0.1805F * linear[2], y = 0.2126F * linear[0] + 0.7152F * linear[1] + 0.0722F * linear[2],
              z = 0.0193F * linear[0] + 0.1192F * linear[1] + 0.9505F * linear[2];
  const auto f = [](float t) { return t > 0.008856F ? std::cbrt(t) : 7.787F * t + 16.0F / 116; };
  const float fx = f(x / 0.9505F), fy = f(y), fz = f(z / 1.089F);
  return {116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)};
}

/// Coverage of what is reached from the border only through colours unlike the border's.
std::vector<float> cover_by_border_colour(const Picture& picture) {
  const int64_t w = picture.width, h = picture.height;
  std::vector<std::array<float, 3>> lab(static_cast<size_t>(w * h));
  for (int64_t i = 0; i < w * h; ++i) lab[static_cast<size_t>(i)] = lab_of(picture.rgba.data() + i * 4);
  std::array<std::vector<float>, 3> border;
  std::vector<int64_t> queue;
  for (int64_t y = 0; y < h; ++y)
    for (int64_t x = 0; x < w; ++x)
      if (x == 0 || y == 0 || x == w - 1 || y == h - 1) {
        for (size_t c = 0; c < 3; ++c) border[c].push_back(lab[static_cast<size_t>(y * w + x)][c]);
        queue.push_back(y * w + x);
      }
  std::array<float, 3> middle{};
  for (size_t c = 0; c < 3; ++c) {
    std::nth_element(border[c].begin(), border[c].begin() + static_cast<std::ptrdiff_t>(border[c].size() / 2), border[c].end());
    middle[c] = border[c][border[c].size() / 2];
  }
  const auto unlike = [&](int64_t i) {
    float sum = 0;
    for (size_t c = 0; c < 3; ++c) sum += (lab[static_cast<size_t>(i)][c] - middle[c]) * (lab[static_cast<size_t>(i)][c] - middle[c]);
    return std::clamp((std::sqrt(sum) - 6) / 12, 0.0F, 1.0F);
  };
  std::vector<float> cover(static_cast<size_t>(w * h), 1.0F);
  std::vector<char> seen(static_cast<size_t>(w * h));
  for (const int64_t i : queue) seen[static_cast<size_t>(i)] = 1;
  for (size_t next = 0; next < queue.size(); ++next) {  // the background is flooded from the border
    const int64_t i = queue[next];
    cover[static_cast<size_t>(i)] = unlike(i);
    if (cover[static_cast<size_t>(i)] >= 0.5F) continue;
    for (const int64_t j : {i - 1, i + 1, i - w, i + w}) {
      if (j < 0 || j >= w * h || (std::abs(j - i) == 1 && j / w != i / w) || seen[static_cast<size_t>(j)]) continue;
      seen[static_cast<size_t>(j)] = 1;
      queue.push_back(j);
    }
  }
  return cover;
}

/// Four-connected regions of pixels that satisfy `in`; calls f(pixels, touches the border).
template <class In, class F>
void for_regions(const Mask& mask, const In& in, const F& f) {
  std::vector<char> seen(mask.cover.size());
  const int64_t n = mask.size;
  for (int64_t start = 0; start < n * n; ++start) {
    if (seen[static_cast<size_t>(start)] || !in(start)) continue;
    std::vector<int64_t> region{start};
    seen[static_cast<size_t>(start)] = 1;
    bool border = false;
    for (size_t next = 0; next < region.size(); ++next) {
      const int64_t i = region[next], x = i % n, y = i / n;
      border = border || x == 0 || y == 0 || x == n - 1 || y == n - 1;
      const auto visit = [&](int64_t j) {
        if (!seen[static_cast<size_t>(j)] && in(j)) {
          seen[static_cast<size_t>(j)] = 1;
          region.push_back(j);
        }
      };
      if (x > 0) visit(i - 1);
      if (x + 1 < n) visit(i + 1);
      if (y > 0) visit(i - n);
      if (y + 1 < n) visit(i + n);
    }
    f(region, border);
  }
}

double share(const Mask& mask) {
  double sum = 0;
  for (const float c : mask.cover) sum += c > 0.5F;
  return sum / static_cast<double>(mask.cover.size());
}

/// A square with rounded corners, one pixel of soft edge.
void fill_slab(Mask& mask, double aspect) {
  const auto n = static_cast<float>(mask.size);
  const float half_w = n * 0.46F * static_cast<float>(std::min(1.0, aspect)), half_h = n * 0.46F * static_cast<float>(std::min(1.0, 1 / aspect));
  const float radius = 0.06F * n;
  for (int64_t y = 0; y < mask.size; ++y)
    for (int64_t x = 0; x < mask.size; ++x) {
      const float dx = std::max(std::abs(static_cast<float>(x) + 0.5F - n / 2) - half_w + radius, 0.0F);
      const float dy = std::max(std::abs(static_cast<float>(y) + 0.5F - n / 2) - half_h + radius, 0.0F);
      mask.at(x, y) = std::clamp(radius - std::sqrt(dx * dx + dy * dy) + 0.5F, 0.0F, 1.0F);
    }
}

}  // namespace

namespace {

bool has_transparency(const Picture& picture) {
  for (size_t i = 3; i < picture.rgba.size(); i += 4)
    if (picture.rgba[i] < 250) return true;
  return false;
}

}  // namespace

Picture cut_out(const Picture& picture) {
  if (has_transparency(picture)) return picture;
  const std::vector<float> cover = cover_by_border_colour(picture);
  Picture out = picture;
  for (size_t i = 0; i < cover.size(); ++i) {
    out.rgba[i * 4 + 3] = static_cast<uint8_t>(std::lround(255 * cover[i]));
    if (out.rgba[i * 4 + 3] == 0) std::fill_n(out.rgba.begin() + static_cast<std::ptrdiff_t>(i * 4), 3, uint8_t{0});
  }
  return out;
}

Mask object_mask(const Picture& picture, int64_t size) {
  const int64_t w = picture.width, h = picture.height, longest = std::max(w, h);
  std::vector<float> cover;
  if (has_transparency(picture))
    for (int64_t i = 0; i < w * h; ++i) cover.push_back(static_cast<float>(picture.rgba[static_cast<size_t>(i * 4 + 3)]) / 255);
  else
    cover = cover_by_border_colour(picture);
  Tensor padded = Tensor::zeros({1, longest, longest, 1});
  for (int64_t y = 0; y < h; ++y)
    for (int64_t x = 0; x < w; ++x) padded.data<float>()[(y + (longest - h) / 2) * longest + x + (longest - w) / 2] = cover[static_cast<size_t>(y * w + x)];
  const int64_t inner = size - 2 * kMaskMargin;
  const Tensor fitted = resize(padded, inner, inner, Filter::lanczos);
  Mask mask{size, std::vector<float>(static_cast<size_t>(size * size), 0.0F)};
  for (int64_t y = 0; y < inner; ++y)
    for (int64_t x = 0; x < inner; ++x) mask.at(x + kMaskMargin, y + kMaskMargin) = std::clamp(fitted.data<float>()[y * inner + x], 0.0F, 1.0F);
  const double before = share(mask);
  if (before < 0.02 || before > 0.9) {
    const double whole = static_cast<double>(std::min(w, h)) / static_cast<double>(longest);
    if (before < 0.02 || before > 0.98 * whole * static_cast<double>(inner * inner) / static_cast<double>(size * size)) {
      fill_slab(mask, static_cast<double>(w) / static_cast<double>(h));
      return mask;
    }
  }
  const double pixels = before * static_cast<double>(size * size);
  for_regions(
      mask, [&](int64_t i) { return mask.cover[static_cast<size_t>(i)] > 0.5F; },
      [&](const std::vector<int64_t>& region, bool) {
        if (static_cast<double>(region.size()) < 0.01 * pixels)
          for (const int64_t i : region) mask.cover[static_cast<size_t>(i)] = 0;
      });
  for_regions(
      mask, [&](int64_t i) { return mask.cover[static_cast<size_t>(i)] <= 0.5F; },
      [&](const std::vector<int64_t>& region, bool border) {
        if (!border && static_cast<double>(region.size()) < 0.003 * pixels)
          for (const int64_t i : region) mask.cover[static_cast<size_t>(i)] = 1;
      });
  return mask;
}

}  // namespace ptah
