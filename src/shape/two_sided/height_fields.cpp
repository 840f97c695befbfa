#include "shape/two_sided/height_fields.h"

#include <algorithm>
#include <array>
#include <map>

namespace ptah {

namespace {

/// A vertex in the plane of a mask, y downwards, and the middle of the covered pixel that it belongs to.
struct FlatPoint {
  Vec2 at{}, pixel{};
  bool outline = false;
};

/// The covered part of a mask as triangles in its plane.
class OutlineMesher {
 public:
  explicit OutlineMesher(const Mask& mask) : mask_(mask), corner_(mask.cover.size(), kUnset) {}

  void run() {
    for (int64_t y = 0; y + 1 < mask_.size; ++y)
      for (int64_t x = 0; x + 1 < mask_.size; ++x) {
        const int64_t a = y * mask_.size + x, b = a + 1, c = a + mask_.size, d = c + 1;
        cut({a, c, b});  // counter-clockwise with y up
        cut({b, c, d});
      }
  }
  const std::vector<FlatPoint>& points() const { return points_; }
  const std::vector<Triangle>& triangles() const { return triangles_; }

 private:
  static constexpr uint32_t kUnset = 0xFFFFFFFFU;

  float level(int64_t i) const { return mask_.cover[static_cast<size_t>(i)] - 0.5F; }
  bool inside(int64_t i) const {
    const int64_t x = i % mask_.size, y = i / mask_.size;
    return level(i) > 0 && x > 0 && y > 0 && x + 1 < mask_.size && y + 1 < mask_.size;
  }
  Vec2 centre(int64_t i) const { return {static_cast<float>(i % mask_.size) + 0.5F, static_cast<float>(i / mask_.size) + 0.5F}; }

  uint32_t corner(int64_t i) {
    uint32_t& slot = corner_[static_cast<size_t>(i)];
    if (slot == kUnset) {
      slot = static_cast<uint32_t>(points_.size());
      points_.push_back({centre(i), centre(i), false});
    }
    return slot;
  }
  /// Where the outline crosses the edge from a point inside to one outside; away from both, so that no triangle is without area.
  uint32_t crossing(int64_t in, int64_t out) {
    const auto [found, fresh] = crossings_.try_emplace({in, out}, static_cast<uint32_t>(points_.size()));
    if (fresh) {
      const float from = level(in), to = std::min(level(out), 0.0F), t = std::clamp(from / std::max(from - to, 1e-6F), 0.05F, 0.95F);
      const Vec2 a = centre(in), b = centre(out);
      points_.push_back({{a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t}, a, true});
    }
    return found->second;
  }
  void cut(const std::array<int64_t, 3>& at) {
    std::vector<uint32_t> kept;
    for (size_t i = 0; i < 3; ++i) {
      const int64_t here = at[i], next = at[(i + 1) % 3];
      if (inside(here)) kept.push_back(corner(here));
      if (inside(here) != inside(next)) kept.push_back(inside(here) ? crossing(here, next) : crossing(next, here));
    }
    for (size_t i = 2; i < kept.size(); ++i) triangles_.push_back({kept[0], kept[i - 1], kept[i]});
  }

  const Mask& mask_;
  std::vector<uint32_t> corner_;
  std::map<std::pair<int64_t, int64_t>, uint32_t> crossings_;
  std::vector<FlatPoint> points_;
  std::vector<Triangle> triangles_;
};

/// The directed edges of triangles that no other triangle runs along the other way.
std::vector<std::array<uint32_t, 2>> outline_of(const std::vector<Triangle>& triangles) {
  std::map<std::array<uint32_t, 2>, bool> edges;
  for (const Triangle& t : triangles)
    for (size_t i = 0; i < 3; ++i) edges[{t[i], t[(i + 1) % 3]}] = true;
  std::vector<std::array<uint32_t, 2>> out;
  for (const auto& [edge, there] : edges)
    if (!edges.contains({edge[1], edge[0]})) out.push_back(edge);
  return out;
}

}  // namespace

LabelledMesh solid_between(const Mask& mask, const HeightsAt& heights, float thinnest) {
  OutlineMesher flat(mask);
  flat.run();
  LabelledMesh out;
  const auto count = static_cast<uint32_t>(flat.points().size());
  out.mesh.positions.resize(2 * size_t{count});
  for (uint32_t i = 0; i < count; ++i) {
    const FlatPoint& point = flat.points()[i];
    TwoHeights at = heights(point.pixel[0], point.pixel[1], point.outline);
    if (at.front - at.back < thinnest) {
      const float middle = (at.front + at.back) / 2;
      at = {middle + thinnest / 2, middle - thinnest / 2};
    }
    const float up = static_cast<float>(mask.size) - point.at[1];
    out.mesh.positions[i] = {point.at[0], up, at.front};
    out.mesh.positions[count + i] = {point.at[0], up, at.back};
  }
  const auto add = [&](const Triangle& triangle, uint32_t label) {
    out.mesh.triangles.push_back(triangle);
    out.label.push_back(label);
  };
  for (const Triangle& t : flat.triangles()) {
    add(t, 0);
    add({t[0] + count, t[2] + count, t[1] + count}, 1);
  }
  for (const auto& [a, b] : outline_of(flat.triangles())) {
    add({b, a, a + count}, 0);
    add({b, a + count, b + count}, 0);
  }
  return out;
}

}  // namespace ptah
