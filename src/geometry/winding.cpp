#include "geometry/winding.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace ptah {

namespace {

using Vec3d = std::array<double, 3>;

constexpr double kFar = 3;  // radii from which a node is one dipole
constexpr uint32_t kLeaf = 8;

Vec3d minus(const Vec3& a, const Vec3& b) {
  return {static_cast<double>(a[0]) - static_cast<double>(b[0]), static_cast<double>(a[1]) - static_cast<double>(b[1]),
          static_cast<double>(a[2]) - static_cast<double>(b[2])};
}
double dot(const Vec3d& a, const Vec3d& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }
Vec3d cross(const Vec3d& a, const Vec3d& b) { return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]}; }

/// The solid angle of a triangle over 4π (Van Oosterom and Strackee 1983).
double solid_angle(const std::array<Vec3, 3>& t, const Vec3& point) {
  const Vec3d a = minus(t[0], point), b = minus(t[1], point), c = minus(t[2], point);
  const double la = std::sqrt(dot(a, a)), lb = std::sqrt(dot(b, b)), lc = std::sqrt(dot(c, c));
  const double down = la * lb * lc + dot(a, b) * lc + dot(b, c) * la + dot(c, a) * lb;
  return std::atan2(dot(a, cross(b, c)), down) / (2 * std::numbers::pi);
}

}  // namespace

WindingNumber::WindingNumber(const Mesh& mesh) : box_(Box::empty()) {
  for (const auto& [a, b, c] : mesh.triangles) triangles_.push_back({mesh.positions[a], mesh.positions[b], mesh.positions[c]});
  for (const auto& t : triangles_) box_.add(Box::of(t));
  if (triangles_.empty()) return;
  nodes_.emplace_back();
  build(0, 0, static_cast<uint32_t>(triangles_.size()));
}

void WindingNumber::build(uint32_t node, uint32_t begin, uint32_t end) {
  Vec3d centre{}, dipole{};
  double area = 0;
  Vec3 low = triangles_[begin][0], high = low;
  for (uint32_t i = begin; i < end; ++i) {
    const auto& t = triangles_[i];
    const Vec3d n = cross(minus(t[1], t[0]), minus(t[2], t[0]));
    const double size = std::sqrt(dot(n, n)) / 2;
    area += size;
    for (size_t k = 0; k < 3; ++k) {
      dipole[k] += n[k] / 2;
      const float middle = (t[0][k] + t[1][k] + t[2][k]) / 3;
      centre[k] += size * static_cast<double>(middle);
      low[k] = std::min(low[k], middle), high[k] = std::max(high[k], middle);
    }
  }
  for (size_t k = 0; k < 3; ++k) centre[k] = area > 0 ? centre[k] / area : static_cast<double>(low[k]);
  double radius = 0;
  for (uint32_t i = begin; i < end; ++i)
    for (const Vec3& p : triangles_[i]) {
      const Vec3d d{static_cast<double>(p[0]) - centre[0], static_cast<double>(p[1]) - centre[1], static_cast<double>(p[2]) - centre[2]};
      radius = std::max(radius, dot(d, d));
    }
  nodes_[node] = {centre, dipole, std::sqrt(radius), begin, end - begin};
  if (end - begin <= kLeaf) return;
  const Vec3 size = high - low;
  const auto axis = static_cast<size_t>(std::max_element(size.begin(), size.end()) - size.begin());
  const uint32_t half = begin + (end - begin) / 2;
  const auto key = [axis](const std::array<Vec3, 3>& t) { return std::pair(t[0][axis] + t[1][axis] + t[2][axis], t); };
  std::nth_element(triangles_.begin() + begin, triangles_.begin() + half, triangles_.begin() + end,
                   [&](const auto& a, const auto& b) { return key(a) < key(b); });
  const auto child = static_cast<uint32_t>(nodes_.size());
  nodes_[node].first = child;
  nodes_[node].count = 0;
  nodes_.resize(nodes_.size() + 2);
  build(child, begin, half);
  build(child + 1, half, end);
}

double WindingNumber::at(const Vec3& point) const {
  if (nodes_.empty()) return 0;
  double sum = 0;
  std::array<uint32_t, 64> stack;
  size_t top = 0;
  stack[top++] = 0;
  while (top) {
    const Node& node = nodes_[stack[--top]];
    const Vec3d d{node.centre[0] - static_cast<double>(point[0]), node.centre[1] - static_cast<double>(point[1]),
                  node.centre[2] - static_cast<double>(point[2])};
    const double square = dot(d, d), far = kFar * node.radius;
    if (square > far * far) {
      sum += dot(d, node.dipole) / (4 * std::numbers::pi * square * std::sqrt(square));
    } else if (node.count) {
      for (uint32_t i = node.first; i < node.first + node.count; ++i) sum += solid_angle(triangles_[i], point);
    } else {
      stack[top++] = node.first;
      stack[top++] = node.first + 1;
    }
  }
  return sum;
}

bool WindingNumber::inside(const Vec3& point) const { return box_.overlaps({point, point}) && std::abs(at(point)) > 0.5; }

}  // namespace ptah
