#include "render/visibility.h"

#include <algorithm>
#include <cmath>

namespace ptah {

namespace {

/// Where sample i lies in a pixel: its row is i, its column i · 3 mod 8, so that edges of any slope meet few at once.
constexpr float sample_x(uint32_t i) { return (static_cast<float>(i * 3 % kCoverage) + 0.5F) / kCoverage; }
constexpr float sample_y(uint32_t i) { return (static_cast<float>(i) + 0.5F) / kCoverage; }

/// Columns of a row between the edges of a triangle, from the first included to the first not included. Neighbours share their edges without gap or overlap.
std::pair<float, float> span_of(const std::array<Vec3, 3>& at, float y) {
  float low = 1e30F, high = -1e30F;
  for (size_t i = 0; i < 3; ++i) {
    const Vec3 *p = &at[i], *q = &at[(i + 1) % 3];
    if (((*p)[1] <= y) == ((*q)[1] <= y)) continue;
    if ((*p)[1] > (*q)[1]) std::swap(p, q);  // the same arithmetic for both triangles of an edge
    const float x = (*p)[0] + ((*q)[0] - (*p)[0]) * ((y - (*p)[1]) / ((*q)[1] - (*p)[1]));
    low = std::min(low, x);
    high = std::max(high, x);
  }
  return {low, high};
}

/// Barycentric on the screen.
Vec3 weights_of(const std::array<Vec3, 3>& at, float x, float y) {
  const auto& [a, b, c] = at;
  const float area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
  if (std::abs(area) < 1e-12F) return {1.0F / 3, 1.0F / 3, 1.0F / 3};
  const float u = ((b[0] - x) * (c[1] - y) - (b[1] - y) * (c[0] - x)) / area, v = ((c[0] - x) * (a[1] - y) - (c[1] - y) * (a[0] - x)) / area;
  return {u, v, 1 - u - v};
}

}  // namespace

BandLists::BandLists(const SurfaceScene& scene, const Camera& camera, int64_t width, int64_t height) {
  std::vector<Vec3> projected;
  projected.reserve(scene.positions().size());
  for (const Vec3& p : scene.positions()) {
    const Vec3 at = camera.project(p);
    projected.push_back({at[0], at[1], at[2] > 0 ? 1 / at[2] : -1});
  }
  const int64_t bands = (height + kBandRows - 1) / kBandRows;
  std::vector<std::pair<int64_t, int64_t>> ranges;
  begin_.assign(static_cast<size_t>(bands) + 1, 0);
  for (uint32_t t = 0; t < scene.size(); ++t) {
    const auto& [a, b, c] = scene.triangle(t).vertex;
    const ScreenTriangle seen{{projected[a], projected[b], projected[c]}, t};
    if (std::min({seen.at[0][2], seen.at[1][2], seen.at[2][2]}) <= 0) continue;  // behind the eye
    const float top = std::min({seen.at[0][1], seen.at[1][1], seen.at[2][1]}), bottom = std::max({seen.at[0][1], seen.at[1][1], seen.at[2][1]});
    const float left = std::min({seen.at[0][0], seen.at[1][0], seen.at[2][0]}), right = std::max({seen.at[0][0], seen.at[1][0], seen.at[2][0]});
    if (!(right >= 0 && left <= static_cast<float>(width) && bottom >= 0 && top <= static_cast<float>(height))) continue;
    const auto first = static_cast<int64_t>(std::max(0.0F, top)) / kBandRows, last = std::min<int64_t>(height - 1, static_cast<int64_t>(bottom)) / kBandRows;
    ranges.emplace_back(first, last);
    triangles_.push_back(seen);
    for (int64_t band = first; band <= last; ++band) ++begin_[static_cast<size_t>(band) + 1];
  }
  for (size_t band = 1; band < begin_.size(); ++band) begin_[band] += begin_[band - 1];
  entries_.resize(begin_.back());
  std::vector<size_t> next(begin_.begin(), begin_.end() - 1);
  for (uint32_t i = 0; i < triangles_.size(); ++i)
    for (int64_t band = ranges[i].first; band <= ranges[i].second; ++band) entries_[next[static_cast<size_t>(band)]++] = i;
}

Band::Band(int64_t width) : width_(width), samples_(static_cast<size_t>(width * kBandRows * kCoverage)) {}

void Band::draw(const SurfaceScene& scene, const BandLists& lists, int64_t number) {
  lists_ = &lists;
  first_row_ = number * kBandRows;
  std::fill(samples_.begin(), samples_.end(), Sample{});
  if (any_clear_)
    for (auto& layers : layers_) layers.clear();
  any_clear_ = false;
  for (const uint32_t entry : lists.of(number)) {
    const ScreenTriangle& triangle = lists.triangle(entry);
    if (scene.clear(triangle.index))
      any_clear_ = true;
    else
      draw_triangle(triangle, entry, false);
  }
  if (!any_clear_) return;
  layers_.resize(static_cast<size_t>(width_ * kBandRows));
  for (const uint32_t entry : lists.of(number))
    if (scene.clear(lists.triangle(entry).index)) draw_triangle(lists.triangle(entry), entry, true);
  for (auto& layers : layers_) std::stable_sort(layers.begin(), layers.end(), [](const ClearLayer& a, const ClearLayer& b) { return a.nearness < b.nearness; });
}

void Band::draw_triangle(const ScreenTriangle& triangle, uint32_t screen, bool clear) {
  const auto& at = triangle.at;
  const float area = (at[1][0] - at[0][0]) * (at[2][1] - at[0][1]) - (at[1][1] - at[0][1]) * (at[2][0] - at[0][0]);
  if (std::abs(area) < 1e-12F) return;
  // 1 / depth is linear on the screen.
  const float near1 = at[1][2] - at[0][2], near2 = at[2][2] - at[0][2];
  const float by_x = (near1 * (at[2][1] - at[0][1]) - near2 * (at[1][1] - at[0][1])) / area,
              by_y = (near2 * (at[1][0] - at[0][0]) - near1 * (at[2][0] - at[0][0])) / area;
  const float lowest = std::min({at[0][2], at[1][2], at[2][2]}), highest = std::max({at[0][2], at[1][2], at[2][2]});
  const float top = std::min({at[0][1], at[1][1], at[2][1]}), bottom = std::max({at[0][1], at[1][1], at[2][1]});
  const auto first = static_cast<int64_t>(std::max(0.0F, (top - static_cast<float>(first_row_)) * kCoverage - 0.5F)),
             last = std::min<int64_t>(kBandRows * kCoverage - 1, static_cast<int64_t>((bottom - static_cast<float>(first_row_)) * kCoverage));
  for (int64_t line = first; line <= last; ++line) {
    const auto sample = static_cast<uint32_t>(line % kCoverage);
    const float y = static_cast<float>(first_row_ + line / kCoverage) + sample_y(sample);
    const auto [low, high] = span_of(at, y);
    if (!(low < high)) continue;
    const auto begin = static_cast<int64_t>(std::max(0.0F, std::ceil(low - sample_x(sample)))),
               end = static_cast<int64_t>(std::clamp(std::ceil(high - sample_x(sample)), 0.0F, static_cast<float>(width_)));
    for (int64_t x = begin; x < end; ++x) {
      const float nearness = std::clamp(at[0][2] + (static_cast<float>(x) + sample_x(sample) - at[0][0]) * by_x + (y - at[0][1]) * by_y, lowest, highest);
      const int64_t pixel = line / kCoverage * width_ + x;
      Sample& here = samples_[static_cast<size_t>(pixel * kCoverage + sample)];
      if (nearness <= here.nearness) continue;
      if (!clear) {
        here = {nearness, screen};
        continue;
      }
      auto& layers = layers_[static_cast<size_t>(pixel)];
      if (layers.empty() || layers.back().screen != screen) layers.push_back({screen, 0, nearness});
      layers.back().mask |= 1U << sample;
    }
  }
}

uint32_t BandPixel::entry(uint32_t sample) const { return band_.samples_[static_cast<size_t>((row_ * band_.width_ + x_) * kCoverage + sample)].screen; }

uint32_t BandPixel::covered_by(uint32_t entry) const {
  uint32_t mask = 0;
  for (uint32_t i = 0; i < kCoverage; ++i) mask |= uint32_t{this->entry(i) == entry} << i;
  return mask;
}

std::span<const ClearLayer> BandPixel::clear_layers() const {
  if (!band_.any_clear_) return {};
  return band_.layers_[static_cast<size_t>(row_ * band_.width_ + x_)];
}

Fragment BandPixel::fragment(uint32_t screen, uint32_t mask) const {
  float x = 0, y = 0, count = 0;
  for (uint32_t i = 0; i < kCoverage; ++i)
    if (mask >> i & 1) x += sample_x(i), y += sample_y(i), ++count;
  const ScreenTriangle& triangle = band_.lists_->triangle(screen);
  const Vec3 weights = weights_of(triangle.at, static_cast<float>(x_) + x / count, static_cast<float>(band_.first_row_ + row_) + y / count);
  // Linear on the triangle: divided by depth on the screen.
  const float a = weights[0] * triangle.at[0][2], b = weights[1] * triangle.at[1][2], c = weights[2] * triangle.at[2][2], sum = a + b + c;
  Fragment out{triangle.index, 1.0F / 3, 1.0F / 3, 0};
  if (std::abs(sum) > 1e-30F) out.u = std::clamp(a / sum, 0.0F, 1.0F), out.v = std::clamp(b / sum, 0.0F, 1.0F - out.u);
  const auto& at = triangle.at;
  const float area = std::abs((at[1][0] - at[0][0]) * (at[2][1] - at[0][1]) - (at[1][1] - at[0][1]) * (at[2][0] - at[0][0]));
  out.pixel_area = area > 1e-6F ? 1 / area : 0;
  return out;
}

}  // namespace ptah
