#include <algorithm>
#include <cmath>

#include "pixels/object_mask.h"
#include "media/srgb.h"
#include "pixels/min_cut.h"
#include "tensor/ops.h"

namespace ptah {

namespace {

std::array<float, 3> lab_of(const uint8_t* rgb) {
  float linear[3];
  for (int i = 0; i < 3; ++i) linear[i] = linear_of(static_cast<float>(rgb[i]) / 255);
  const float x = 0.4124F * linear[0] + 0.3576F * linear[1] + 0.1805F * linear[2], y = 0.2126F * linear[0] + 0.7152F * linear[1] + 0.0722F * linear[2],
              z = 0.0193F * linear[0] + 0.1192F * linear[1] + 0.9505F * linear[2];
  const auto f = [](float t) { return t > 0.008856F ? std::cbrt(t) : 7.787F * t + 16.0F / 116; };
  const float fx = f(x / 0.9505F), fy = f(y), fz = f(z / 1.089F);
  return {116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)};
}

using Lab = std::array<float, 3>;

/// Up to four colours that stand for the border's (k-means, begun at the farthest points).
std::vector<Lab> border_colours(const std::vector<Lab>& border) {
  constexpr float kSame = 15;  // nearer colours are one
  std::vector<Lab> centres{border[border.size() / 2]};
  const auto nearest_to = [&](const Lab& colour) {
    return std::min_element(centres.begin(), centres.end(),
                            [&](const Lab& a, const Lab& b) { return squared_distance(a, colour) < squared_distance(b, colour); });
  };
  while (centres.size() < 4) {
    const auto farthest = std::max_element(
        border.begin(), border.end(), [&](const Lab& a, const Lab& b) { return squared_distance(a, *nearest_to(a)) < squared_distance(b, *nearest_to(b)); });
    if (squared_distance(*farthest, *nearest_to(*farthest)) < kSame * kSame) break;
    centres.push_back(*farthest);
  }
  for (int round = 0; round < 4; ++round) {
    std::vector<Lab> sums(centres.size(), Lab{});
    std::vector<float> counts(centres.size(), 0.0F);
    for (const Lab& colour : border) {
      const auto k = static_cast<size_t>(nearest_to(colour) - centres.begin());
      for (size_t c = 0; c < 3; ++c) sums[k][c] += colour[c];
      counts[k] += 1;
    }
    for (size_t k = 0; k < centres.size(); ++k)
      if (counts[k] > 0)
        for (size_t c = 0; c < 3; ++c) centres[k][c] = sums[k][c] / counts[k];
    // What only a few border pixels have is the object cut by the border, not the background.
    std::vector<Lab> kept;
    for (size_t k = 0; k < centres.size(); ++k)
      if (counts[k] >= 0.12F * static_cast<float>(border.size())) kept.push_back(centres[k]);
    if (!kept.empty()) centres = kept;
  }
  return centres;
}

/// Coverage of the object in an opaque picture: the least cut between what is unlike the border's colours and what is like them (Boykov and Jolly 2001:
/// costs by colour, and of cutting where neighbours are alike); of the background only what is connected to the border counts.
std::vector<float> cut_by_border_colour(const Image& picture) {
  constexpr float kSpread = 6, kMaxCost = 8, kObjectCost = 1, kSmoothness = 2;  // Lab units; costs are −log of likelihoods
  const int64_t w = picture.width, h = picture.height;
  const auto count = static_cast<size_t>(w * h);
  std::vector<Lab> lab(count), border;
  for (size_t i = 0; i < count; ++i) lab[i] = lab_of(picture.rgba.data() + i * 4);
  std::vector<int64_t> queue;
  for (int64_t y = 0; y < h; ++y)
    for (int64_t x = 0; x < w; ++x)
      if (x == 0 || y == 0 || x == w - 1 || y == h - 1) {
        border.push_back(lab[static_cast<size_t>(y * w + x)]);
        queue.push_back(y * w + x);
      }
  const std::vector<Lab> background = border_colours(border);
  const auto unlike = [&](size_t i) {  // squared
    float smallest = 1e9F;
    for (const Lab& colour : background) smallest = std::min(smallest, squared_distance(lab[i], colour));
    return smallest;
  };
  MinCut graph(static_cast<int32_t>(count));
  for (size_t i = 0; i < count; ++i) graph.add_terminal(static_cast<int32_t>(i), kObjectCost, std::min(unlike(i) / (2 * kSpread * kSpread), kMaxCost));
  link_neighbours(graph, lab, w, kSmoothness, 1);
  graph.solve();
  std::vector<float> cover(count, 1.0F);
  std::vector<char> seen(count);
  for (const int64_t i : queue) seen[static_cast<size_t>(i)] = 1;
  for (size_t next = 0; next < queue.size(); ++next) {  // the background is flooded from the border
    const int64_t i = queue[next];
    if (graph.on_source_side(static_cast<int32_t>(i))) continue;
    cover[static_cast<size_t>(i)] = 0;
    for (const int64_t j : {i - 1, i + 1, i - w, i + w}) {
      if (j < 0 || j >= w * h || (std::abs(j - i) == 1 && j / w != i / w) || seen[static_cast<size_t>(j)]) continue;
      seen[static_cast<size_t>(j)] = 1;
      queue.push_back(j);
    }
  }
  // Pixels at the cut are partly object: by how far their colour is from the background's.
  std::vector<float> soft = cover;
  for (int64_t y = 0; y < h; ++y)
    for (int64_t x = 0; x < w; ++x) {
      const auto i = static_cast<size_t>(y * w + x);
      const bool edge = (x > 0 && cover[i] != cover[i - 1]) || (x + 1 < w && cover[i] != cover[i + 1]) ||
                        (y > 0 && cover[i] != cover[i - static_cast<size_t>(w)]) || (y + 1 < h && cover[i] != cover[i + static_cast<size_t>(w)]);
      if (edge) soft[i] = std::clamp((std::sqrt(unlike(i)) - 4) / 20, cover[i] > 0 ? 0.5F : 0.0F, cover[i] > 0 ? 1.0F : 0.5F);
    }
  return soft;
}

/// The same for pictures of any size: the cut is sought at no more than 512 pixels.
std::vector<float> cover_by_border_colour(const Image& picture) {
  constexpr int64_t kMaxEdge = 512;
  const int64_t w = picture.width, h = picture.height, longest = std::max(w, h);
  if (longest <= kMaxEdge) return cut_by_border_colour(picture);
  const int64_t sw = std::max<int64_t>(1, w * kMaxEdge / longest), sh = std::max<int64_t>(1, h * kMaxEdge / longest);
  Image reduced = make_image(sw, sh);
  for (int64_t c = 0; c < 4; ++c) {  // one channel after the other: a quarter of the memory
    Tensor x = Tensor::empty({1, h, w, 1});
    for (int64_t i = 0; i < w * h; ++i) x.data<float>()[i] = static_cast<float>(picture.rgba[static_cast<size_t>(i * 4 + c)]);
    const Tensor small = resize(x, sh, sw, Filter::bilinear);
    for (int64_t i = 0; i < sw * sh; ++i)
      reduced.rgba[static_cast<size_t>(i * 4 + c)] = static_cast<uint8_t>(std::lround(std::clamp(small.data<float>()[i], 0.0F, 255.0F)));
  }
  return resize(Tensor::from({1, sh, sw, 1}, cut_by_border_colour(reduced)), h, w, Filter::bilinear).to_vector();
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

bool has_transparency(const Image& picture) {
  for (size_t i = 3; i < picture.rgba.size(); i += 4)
    if (picture.rgba[i] < 250) return true;
  return false;
}

}  // namespace

double border_plainness(const Image& picture) {
  constexpr float kAlike = 10;
  const int64_t w = picture.width, h = picture.height;
  std::vector<Lab> border;
  for (int64_t y = 0; y < h; ++y)
    for (int64_t x = 0; x < w; x += y == 0 || y == h - 1 ? 1 : std::max<int64_t>(1, w - 1)) border.push_back(lab_of(picture.at(x, y)));
  if (border.empty()) return 0;
  Lab median{};
  for (size_t c = 0; c < 3; ++c) {
    std::vector<float> values;
    for (const Lab& one : border) values.push_back(one[c]);
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    median[c] = *middle;
  }
  const auto alike = std::count_if(border.begin(), border.end(), [&](const Lab& one) { return squared_distance(one, median) < kAlike * kAlike; });
  return static_cast<double>(alike) / static_cast<double>(border.size());
}

Image cut_out(const Image& picture) {
  if (has_transparency(picture)) return picture;
  const std::vector<float> cover = cover_by_border_colour(picture);
  Image out = picture;
  for (size_t i = 0; i < cover.size(); ++i) {
    out.rgba[i * 4 + 3] = static_cast<uint8_t>(std::lround(255 * cover[i]));
    if (out.rgba[i * 4 + 3] == 0) std::fill_n(out.rgba.begin() + static_cast<std::ptrdiff_t>(i * 4), 3, uint8_t{0});
  }
  return out;
}

Mask object_mask(const Image& picture, int64_t size, bool slab_if_faint) {
  const int64_t w = picture.width, h = picture.height, longest = std::max(w, h);
  std::vector<float> cover;
  const bool transparent = has_transparency(picture);
  if (transparent)
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
  if (transparent && !slab_if_faint) {  // fine lines are faint at this size
    const float strongest = *std::max_element(mask.cover.begin(), mask.cover.end());
    for (float& c : mask.cover)
      if (strongest > 0.01F && strongest < 0.9F) c /= strongest;
  }
  const double before = share(mask);
  if ((before < 0.02 || before > 0.9) && (slab_if_faint || !transparent || before == 0)) {
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
