#include "pipelines/texturing/views.h"

#include <algorithm>
#include <cmath>

namespace ptah {

std::vector<PaintedView> painted_views(int64_t count) {
  static constexpr PaintedView kViews[]{{{0, 10, 30}, "front view"},  {{180, 10, 30}, "back view"},     {{90, 10, 30}, "side view"},
                                        {{-90, 10, 30}, "side view"}, {{0, 75, 30}, "view from above"}, {{0, -60, 30}, "view from below"},
                                        {{45, 25, 30}, "front view"}, {{-45, 25, 30}, "front view"},    {{135, 25, 30}, "back view"},
                                        {{-135, 25, 30}, "back view"}};
  return {std::begin(kViews), std::begin(kViews) + count};
}

ViewSurface view_surface(const AtlasMesh& mesh, const Camera& camera, int64_t width, int64_t height) {
  const auto pixels = static_cast<size_t>(width * height);
  ViewSurface out{width, height, std::vector<uint32_t>(pixels, 0xFFFFFFFFU), std::vector<float>(pixels, 0), std::vector<Vec2>(pixels, Vec2{})};
  std::vector<Vec3> at(mesh.positions.size());
  for (size_t i = 0; i < at.size(); ++i) at[i] = camera.project(mesh.positions[i]);
  for (uint32_t t = 0; t < mesh.triangles.size(); ++t) {
    const Vec3 &a = at[mesh.triangles[t][0]], &b = at[mesh.triangles[t][1]], &c = at[mesh.triangles[t][2]];
    if (std::min({a[2], b[2], c[2]}) <= 0) continue;  // behind the eye
    const float area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
    if (std::abs(area) < 1e-9F) continue;
    const auto low = [](float x, float y, float z, int64_t) { return static_cast<int64_t>(std::max(0.0F, std::ceil(std::min({x, y, z}) - 0.5F))); };
    const auto high = [](float x, float y, float z, int64_t edge) {
      return static_cast<int64_t>(std::clamp(std::floor(std::max({x, y, z}) - 0.5F), -1.0F, static_cast<float>(edge - 1)));
    };
    for (int64_t y = low(a[1], b[1], c[1], height); y <= high(a[1], b[1], c[1], height); ++y)
      for (int64_t x = low(a[0], b[0], c[0], width); x <= high(a[0], b[0], c[0], width); ++x) {
        const float px = static_cast<float>(x) + 0.5F, py = static_cast<float>(y) + 0.5F;
        const float v = ((px - a[0]) * (c[1] - a[1]) - (py - a[1]) * (c[0] - a[0])) / area,
                    w = ((b[0] - a[0]) * (py - a[1]) - (b[1] - a[1]) * (px - a[0])) / area;
        const float u = 1 - v - w;
        if (std::min({u, v, w}) < -1e-5F) continue;
        const float nearness = u / a[2] + v / b[2] + w / c[2], depth = 1 / nearness;  // linear on the screen
        const size_t i = out.index(x, y);
        if (out.depth[i] > 0 && out.depth[i] <= depth) continue;
        out.depth[i] = depth;
        out.triangle[i] = t;
        out.place[i] = {std::clamp(v / b[2] * depth, 0.0F, 1.0F), std::clamp(w / c[2] * depth, 0.0F, 1.0F)};
      }
  }
  return out;
}

Image depth_picture(const ViewSurface& seen, uint8_t farthest) {
  float nearest = 0, smallest = 1e30F;
  for (const float d : seen.depth) {
    if (d <= 0) continue;
    nearest = std::max(nearest, 1 / d);
    smallest = std::min(smallest, 1 / d);
  }
  Image out = make_image(seen.width, seen.height);
  for (size_t i = 0; i < seen.depth.size(); ++i) {
    uint8_t value = 0;
    if (seen.depth[i] > 0) {
      const float share = nearest > smallest ? (1 / seen.depth[i] - smallest) / (nearest - smallest) : 1;
      value = static_cast<uint8_t>(std::lround(static_cast<float>(farthest) + share * static_cast<float>(255 - farthest)));
    }
    std::fill_n(out.rgba.begin() + static_cast<std::ptrdiff_t>(4 * i), 3, value);
    out.rgba[4 * i + 3] = 255;
  }
  return out;
}

}  // namespace ptah
