#include "face/photo/warp.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include "base/parallel.h"

namespace ptah {

namespace {

double signed_area(const Vec2& a, const Vec2& b, const Vec2& c) {
  return (static_cast<double>(b[0]) - a[0]) * (static_cast<double>(c[1]) - a[1]) - (static_cast<double>(c[0]) - a[0]) * (static_cast<double>(b[1]) - a[1]);
}

/// Whether a point lies within the circle through a triangle of positive area.
bool in_circle(const Vec2& a, const Vec2& b, const Vec2& c, const Vec2& p) {
  const double ax = static_cast<double>(a[0]) - p[0], ay = static_cast<double>(a[1]) - p[1], bx = static_cast<double>(b[0]) - p[0],
               by = static_cast<double>(b[1]) - p[1], cx = static_cast<double>(c[0]) - p[0], cy = static_cast<double>(c[1]) - p[1];
  const double aa = ax * ax + ay * ay, bb = bx * bx + by * by, cc = cx * cx + cy * cy;
  return ax * (by * cc - bb * cy) - ay * (bx * cc - bb * cx) + aa * (bx * cy - by * cx) > 1e-9;
}

/// The shares of three corners in a point; nothing outside.
std::optional<std::array<float, 3>> shares_in(const Vec2& p, const Vec2& a, const Vec2& b, const Vec2& c) {
  const double area = signed_area(a, b, c);
  if (std::abs(area) < 1e-9) return std::nullopt;
  const double u = signed_area(p, b, c) / area, v = signed_area(a, p, c) / area, w = 1 - u - v;
  constexpr double kSlack = -1e-6;
  if (u < kSlack || v < kSlack || w < kSlack) return std::nullopt;
  return std::array<float, 3>{static_cast<float>(u), static_cast<float>(v), static_cast<float>(w)};
}

Vec2 mixed_point(const std::vector<Vec2>& points, const Triangle& t, const std::array<float, 3>& shares) {
  Vec2 out{};
  for (size_t i = 0; i < 3; ++i)
    for (size_t c = 0; c < 2; ++c) out[c] += points[t[i]][c] * shares[i];
  return out;
}

void sample_into(const Image& picture, const Vec2& at, uint8_t* to) {
  const float x = std::clamp(at[0], 0.0F, static_cast<float>(picture.width - 1)), y = std::clamp(at[1], 0.0F, static_cast<float>(picture.height - 1));
  const auto x0 = static_cast<int64_t>(x), y0 = static_cast<int64_t>(y);
  const int64_t x1 = std::min(x0 + 1, picture.width - 1), y1 = std::min(y0 + 1, picture.height - 1);
  const float tx = x - static_cast<float>(x0), ty = y - static_cast<float>(y0);
  for (size_t c = 0; c < 4; ++c) {
    const float top = static_cast<float>(picture.at(x0, y0)[c]) * (1 - tx) + static_cast<float>(picture.at(x1, y0)[c]) * tx;
    const float low = static_cast<float>(picture.at(x0, y1)[c]) * (1 - tx) + static_cast<float>(picture.at(x1, y1)[c]) * tx;
    to[c] = static_cast<uint8_t>(std::clamp(top * (1 - ty) + low * ty + 0.5F, 0.0F, 255.0F));
  }
}

}  // namespace

std::vector<Triangle> delaunay(const std::vector<Vec2>& given) {
  std::vector<Vec2> points = given;
  const auto count = static_cast<uint32_t>(given.size());
  if (count < 3) return {};
  float reach = 1;
  for (const Vec2& p : points) reach = std::max({reach, std::abs(p[0]), std::abs(p[1])});
  const float far = reach * 50;
  points.push_back({-far, -far}), points.push_back({far, -far}), points.push_back({0, far});
  std::vector<Triangle> out{{count, count + 1, count + 2}};
  for (uint32_t i = 0; i < count; ++i) {
    const auto near = [&](uint32_t j) { return std::hypot(points[i][0] - points[j][0], points[i][1] - points[j][1]) < 0.01F; };
    bool again = false;
    for (uint32_t j = 0; j < i; ++j) again |= near(j);
    if (again) continue;
    std::set<std::pair<uint32_t, uint32_t>> edges;  // of the hole, each with the hole on its left
    std::vector<Triangle> kept;
    for (const Triangle& t : out) {
      if (!in_circle(points[t[0]], points[t[1]], points[t[2]], points[i])) {
        kept.push_back(t);
        continue;
      }
      for (size_t e = 0; e < 3; ++e) {
        const std::pair<uint32_t, uint32_t> edge{t[e], t[(e + 1) % 3]};
        if (edges.erase({edge.second, edge.first}) == 0) edges.insert(edge);
      }
    }
    for (const auto& [a, b] : edges)
      if (signed_area(points[a], points[b], points[i]) > 0) kept.push_back({a, b, i});
    out = std::move(kept);
  }
  std::erase_if(out, [&](const Triangle& t) { return std::max({t[0], t[1], t[2]}) >= count; });
  return out;
}

Image warped(const Image& picture, const std::vector<Vec2>& from, const std::vector<Vec2>& to, const std::vector<Triangle>& triangles, int64_t width,
             int64_t height) {
  Image out = make_image(width, height);
  std::fill(out.rgba.begin(), out.rgba.end(), 0);
  parallel_for(height, width * 60, [&](int64_t begin, int64_t end) {
    for (const Triangle& t : triangles) {
      const Vec2 &a = to[t[0]], &b = to[t[1]], &c = to[t[2]];
      const auto first = std::max(begin, static_cast<int64_t>(std::floor(std::min({a[1], b[1], c[1]})))),
                 last = std::min(end - 1, static_cast<int64_t>(std::ceil(std::max({a[1], b[1], c[1]}))));
      const auto left = std::max<int64_t>(0, static_cast<int64_t>(std::floor(std::min({a[0], b[0], c[0]})))),
                 right = std::min(width - 1, static_cast<int64_t>(std::ceil(std::max({a[0], b[0], c[0]}))));
      for (int64_t y = first; y <= last; ++y)
        for (int64_t x = left; x <= right; ++x)
          if (const auto shares = shares_in({static_cast<float>(x), static_cast<float>(y)}, a, b, c))
            sample_into(picture, mixed_point(from, t, *shares), out.at(x, y));
    }
  });
  return out;
}

std::vector<Vec2> warped_points(const std::vector<Vec2>& points, const std::vector<Vec2>& from, const std::vector<Vec2>& to,
                                const std::vector<Triangle>& triangles) {
  std::vector<Vec2> out = points;
  for (Vec2& p : out)
    for (const Triangle& t : triangles)
      if (const auto shares = shares_in(p, from[t[0]], from[t[1]], from[t[2]])) {
        p = mixed_point(to, t, *shares);
        break;
      }
  return out;
}

}  // namespace ptah
