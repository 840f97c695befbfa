#include "media/mesh/polygons.h"

#include <algorithm>
#include <cmath>

namespace ptah {

namespace {

constexpr size_t kMaxClipped = 512;

using Point = std::array<double, 2>;

double turn(const Point& a, const Point& b, const Point& c) { return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]); }

/// The corners on the coordinate plane that shows most of the polygon, counter-clockwise (Newell's normal).
std::vector<Point> flattened(std::span<const Vec3> positions, std::span<const uint32_t> corners) {
  std::array<double, 3> normal{};
  for (size_t i = 0; i < corners.size(); ++i) {
    const Vec3 &a = positions[corners[i]], &b = positions[corners[(i + 1) % corners.size()]];
    for (size_t k = 0; k < 3; ++k) {
      const size_t u = (k + 1) % 3, v = (k + 2) % 3;
      normal[k] += (static_cast<double>(a[u]) - static_cast<double>(b[u])) * (static_cast<double>(a[v]) + static_cast<double>(b[v]));
    }
  }
  size_t k = 0;
  for (size_t i = 1; i < 3; ++i)
    if (std::abs(normal[i]) > std::abs(normal[k])) k = i;
  size_t u = (k + 1) % 3, v = (k + 2) % 3;
  if (normal[k] < 0) std::swap(u, v);
  std::vector<Point> out;
  for (const uint32_t c : corners) out.push_back({static_cast<double>(positions[c][u]), static_cast<double>(positions[c][v])});
  return out;
}

bool is_convex(const std::vector<Point>& p) {
  for (size_t i = 0; i < p.size(); ++i)
    if (turn(p[i], p[(i + 1) % p.size()], p[(i + 2) % p.size()]) < 0) return false;
  return true;
}

/// Whether a corner is an ear: it turns left, and no other corner lies in its triangle.
bool is_ear(const std::vector<Point>& p, const std::vector<size_t>& left, size_t i) {
  const size_t n = left.size();
  const Point &a = p[left[(i + n - 1) % n]], &b = p[left[i]], &c = p[left[(i + 1) % n]];
  if (turn(a, b, c) <= 0) return false;
  for (size_t k = 0; k < n; ++k) {
    const Point& q = p[left[k]];
    if (q == a || q == b || q == c) continue;
    if (turn(a, b, q) >= 0 && turn(b, c, q) >= 0 && turn(c, a, q) >= 0) return false;
  }
  return true;
}

void clip_ears(const std::vector<Point>& p, std::span<const uint32_t> corners, std::vector<Triangle>& triangles, size_t& steps) {
  std::vector<size_t> left(corners.size());
  for (size_t i = 0; i < left.size(); ++i) left[i] = i;
  while (left.size() > 3) {
    size_t ear = 0;
    while (ear < left.size() && steps > left.size() && !is_ear(p, left, ear)) ++ear, steps -= left.size();
    if (ear == left.size() || steps <= left.size()) ear = 1;  // crosses itself: the rest as a fan
    const size_t n = left.size();
    triangles.push_back({corners[left[(ear + n - 1) % n]], corners[left[ear]], corners[left[(ear + 1) % n]]});
    left.erase(left.begin() + static_cast<std::ptrdiff_t>(ear));
  }
  triangles.push_back({corners[left[0]], corners[left[1]], corners[left[2]]});
}

}  // namespace

void cut_polygon(std::span<const Vec3> positions, std::span<const uint32_t> corners, std::vector<Triangle>& triangles, size_t& steps) {
  const size_t n = corners.size();
  if (n == 3) {
    triangles.push_back({corners[0], corners[1], corners[2]});
    return;
  }
  if (n <= kMaxClipped) {
    const std::vector<Point> flat = flattened(positions, corners);
    if (!is_convex(flat)) return clip_ears(flat, corners, triangles, steps);
  }
  const auto gap = [&](size_t a, size_t b) { return length(positions[corners[a]] - positions[corners[b]]); };
  const size_t first = n == 4 && gap(1, 3) < gap(0, 2) ? 1 : 0;
  for (size_t i = 1; i + 1 < n; ++i) triangles.push_back({corners[first], corners[(first + i) % n], corners[(first + i + 1) % n]});
}

}  // namespace ptah
