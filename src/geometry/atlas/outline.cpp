#include "geometry/atlas/outline.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace ptah::atlas {

namespace {

Point size_of(const std::vector<Point>& line, double angle) {
  const double cosine = std::cos(angle), sine = std::sin(angle);
  Point low{1e300, 1e300}, high{-1e300, -1e300};
  for (const Point& p : line) {
    const Point q = turned(p, cosine, sine);
    for (size_t k = 0; k < 2; ++k) low[k] = std::min(low[k], q[k]), high[k] = std::max(high[k], q[k]);
  }
  return {high[0] - low[0], high[1] - low[1]};
}

double cross2(const Point& a, const Point& b, const Point& c) { return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]); }

bool on_both_sides(double a, double b) { return (a > 0 && b < 0) || (a < 0 && b > 0); }

}  // namespace

std::vector<Point> hull_of(std::vector<Point> points) {
  std::sort(points.begin(), points.end());
  points.erase(std::unique(points.begin(), points.end()), points.end());
  if (points.size() < 3) return points;
  std::vector<Point> out(2 * points.size());
  size_t k = 0;
  const auto left = [&](const Point& c) {
    const Point &a = out[k - 2], &b = out[k - 1];
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]) > 0;
  };
  for (size_t i = 0; i < points.size(); ++i) {
    while (k >= 2 && !left(points[i])) --k;
    out[k++] = points[i];
  }
  for (size_t i = points.size() - 1, base = k + 1; i-- > 0;) {
    while (k >= base && !left(points[i])) --k;
    out[k++] = points[i];
  }
  out.resize(k - 1);
  return out;
}

double area_of(const std::vector<Point>& line) {
  double twice = 0;
  for (size_t i = 0; i < line.size(); ++i) {
    const Point &p = line[i], &q = line[(i + 1) % line.size()];
    twice += p[0] * q[1] - q[0] * p[1];
  }
  return twice / 2;
}

Box smallest_box(const std::vector<Point>& hull) {
  Box out;
  double smallest_area = 1e300;
  for (size_t i = 0; i < hull.size(); ++i) {  // a side of the smallest rectangle lies on a side of the hull
    const Point &p = hull[i], &q = hull[(i + 1) % hull.size()];
    double angle = -std::atan2(q[1] - p[1], q[0] - p[0]);
    Point size = size_of(hull, angle);
    if (size[0] < size[1]) {
      angle += std::numbers::pi / 2;
      std::swap(size[0], size[1]);
    }
    if (size[0] * size[1] < smallest_area * (1 - 1e-9)) smallest_area = size[0] * size[1], out = {angle, size};
  }
  return out;
}

bool line_crosses(const std::vector<Point>& at) {
  const size_t n = at.size();
  if (n < 4) return n < 3;
  Point low{1e300, 1e300}, high{-1e300, -1e300};
  for (const Point& p : at)
    for (size_t k = 0; k < 2; ++k) low[k] = std::min(low[k], p[k]), high[k] = std::max(high[k], p[k]);
  const auto edge = static_cast<int64_t>(std::clamp(std::sqrt(static_cast<double>(n)) * 1.5, 2.0, 512.0));
  const double cell = std::max(high[0] - low[0], high[1] - low[1]) / static_cast<double>(edge) + 1e-300;
  std::vector<std::vector<uint32_t>> cells(static_cast<size_t>(edge * edge));
  const auto column = [&](double v, size_t k) { return std::clamp<int64_t>(static_cast<int64_t>((v - low[k]) / cell), 0, edge - 1); };
  for (uint32_t i = 0; i < n; ++i) {
    const Point &p = at[i], &q = at[(i + 1) % n];
    const int64_t x0 = column(std::min(p[0], q[0]), 0), x1 = column(std::max(p[0], q[0]), 0), y0 = column(std::min(p[1], q[1]), 1),
                  y1 = column(std::max(p[1], q[1]), 1);
    for (int64_t y = y0; y <= y1; ++y)
      for (int64_t x = x0; x <= x1; ++x) {
        auto& here = cells[static_cast<size_t>(y * edge + x)];
        for (const uint32_t j : here) {
          if (j == i || (j + 1) % n == i || (i + 1) % n == j) continue;
          const Point &r = at[j], &t = at[(j + 1) % n];
          if (on_both_sides(cross2(p, q, r), cross2(p, q, t)) && on_both_sides(cross2(r, t, p), cross2(r, t, q))) return true;
        }
        here.push_back(i);
      }
  }
  return false;
}

}  // namespace ptah::atlas
