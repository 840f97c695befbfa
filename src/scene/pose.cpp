#include "scene/pose.h"

#include <algorithm>
#include <cmath>

#include "geometry/winding.h"

namespace ptah {

namespace {

using Point = std::array<double, 3>;

Point minus(const Point& a, const Point& b) { return {a[0] - b[0], a[1] - b[1], a[2] - b[2]}; }
double dot3(const Point& a, const Point& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }
Point cross3(const Point& a, const Point& b) { return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]}; }

struct Corners {
  std::array<Point, 3> p;
};

/// Whether a piece of a line crosses a triangle (Möller and Trumbore 1997); what lies in its plane does not.
bool crosses(const Point& from, const Point& to, const Corners& t) {
  const Point direction = minus(to, from), e1 = minus(t.p[1], t.p[0]), e2 = minus(t.p[2], t.p[0]), h = cross3(direction, e2);
  const double det = dot3(e1, h);
  if (std::abs(det) < 1e-15) return false;
  const Point s = minus(from, t.p[0]);
  const double u = dot3(s, h) / det;
  if (u < 0 || u > 1) return false;
  const Point q = cross3(s, e1);
  const double v = dot3(direction, q) / det;
  if (v < 0 || u + v > 1) return false;
  const double along = dot3(e2, q) / det;
  return along >= 0 && along <= 1;
}

bool triangles_cross(const Corners& a, const Corners& b) {
  for (size_t i = 0; i < 3; ++i)
    if (crosses(a.p[i], a.p[(i + 1) % 3], b) || crosses(b.p[i], b.p[(i + 1) % 3], a)) return true;
  return false;
}

/// A model in the frame of another thing.
struct InFrame {
  const PlacedThing &of, &frame;
  Vec3 shift;
  Vec3 operator()(const Vec3& p) const {
    const Vec3 w = of.world(p) + shift - frame.pose.at;
    const Vec2 l = frame.turn.back(w[0], w[2]);
    return {l[0], w[1], l[1]};
  }
};

Corners corners_of(const std::vector<Vec3>& positions, const Triangle& t) {
  Corners out;
  for (size_t i = 0; i < 3; ++i)
    for (size_t k = 0; k < 3; ++k) out.p[i][k] = positions[t[i]][k];
  return out;
}

Box box_of(const Corners& t) {
  Box out = Box::empty();
  for (const Point& p : t.p) out.add(Vec3{static_cast<float>(p[0]), static_cast<float>(p[1]), static_cast<float>(p[2])});
  return out;
}

bool inside(const Vec3& p, const Vec3& size) { return std::abs(p[0]) < size[0] / 2 && std::abs(p[2]) < size[2] / 2 && p[1] > 0 && p[1] < size[1]; }

/// What rounding may add to a height.
constexpr float kRounding = 1e-5F;

/// The highest height of a model straight below `from` at a place of its frame, or the lowest above it. Only heights within `reach` of `from` are looked for.
bool height_at(const SceneModel& model, float x, float z, bool below, float from, float reach, float& found) {
  bool any = false;
  const auto keep = [&](const Box& box) {
    if (x < box.low[0] || x > box.high[0] || z < box.low[2] || z > box.high[2]) return false;
    if (below) return box.low[1] <= from + kRounding && box.high[1] >= (any ? found : from - reach) - kRounding;
    return box.high[1] >= from - kRounding && box.low[1] <= (any ? found : from + reach) + kRounding;
  };
  model.tree.walk(keep, [&](uint32_t i) {
    const Triangle& t = model.mesh.triangles[i];
    const Vec3 &a = model.mesh.positions[t[0]], &b = model.mesh.positions[t[1]], &c = model.mesh.positions[t[2]];
    const double area =
        (static_cast<double>(b[0]) - a[0]) * (static_cast<double>(c[2]) - a[2]) - (static_cast<double>(c[0]) - a[0]) * (static_cast<double>(b[2]) - a[2]);
    if (std::abs(area) < 1e-14) return;
    const double u = ((x - a[0]) * (c[2] - a[2]) - (c[0] - a[0]) * (z - a[2])) / area, v = ((b[0] - a[0]) * (z - a[2]) - (x - a[0]) * (b[2] - a[2])) / area;
    if (u < 0 || v < 0 || u + v > 1) return;
    const auto y = static_cast<float>(a[1] + u * (b[1] - a[1]) + v * (c[1] - a[1]));
    if (below ? y > from || (any && y <= found) : y < from || (any && y >= found)) return;
    any = true;
    found = y;
  });
  return any;
}

}  // namespace

Turn Turn::of(float degrees) {
  const float quarter = degrees / 90;
  if (quarter == std::round(quarter)) {
    const int k = ((static_cast<int>(quarter) % 4) + 4) % 4;
    constexpr std::array<float, 4> kCosine{1, 0, -1, 0}, kSine{0, 1, 0, -1};
    return {kCosine[static_cast<size_t>(k)], kSine[static_cast<size_t>(k)]};
  }
  const double angle = static_cast<double>(degrees) * 3.14159265358979323846 / 180;
  return {static_cast<float>(std::cos(angle)), static_cast<float>(std::sin(angle))};
}

std::array<Vec2, 4> Footprint::corners() const {
  std::array<Vec2, 4> out;
  constexpr std::array<std::array<float, 2>, 4> kSigns{{{-1, -1}, {1, -1}, {1, 1}, {-1, 1}}};
  for (size_t i = 0; i < 4; ++i) {
    const Vec2 p = turn(kSigns[i][0] * half_width, kSigns[i][1] * half_depth);
    out[i] = {x + p[0], z + p[1]};
  }
  return out;
}

std::array<float, 4> Footprint::extent_of(const Footprint& other) const {
  std::array<float, 4> out{1e9F, -1e9F, 1e9F, -1e9F};
  for (const Vec2& corner : other.corners()) {
    const Vec2 p = local(corner[0], corner[1]);
    out = {std::min(out[0], p[0]), std::max(out[1], p[0]), std::min(out[2], p[1]), std::max(out[3], p[1])};
  }
  return out;
}

bool footprints_overlap(const Footprint& a, const Footprint& b, float slack) {
  const auto apart = [slack](const Footprint& frame, const Footprint& other) {
    const auto [xl, xh, zl, zh] = frame.extent_of(other);
    return xl >= frame.half_width - slack || xh <= slack - frame.half_width || zl >= frame.half_depth - slack || zh <= slack - frame.half_depth;
  };
  return !apart(a, b) && !apart(b, a);
}

float footprint_gap(const Footprint& a, const Footprint& b) {
  if (footprints_overlap(a, b)) return 0;
  float best = 1e9F;
  // The nearest places of two rectangles that do not overlap: a corner of one and a side of the other.
  for (const auto& [frame, other] : {std::pair<const Footprint&, const Footprint&>{a, b}, {b, a}})
    for (const Vec2& corner : other.corners()) {
      const Vec2 p = frame.local(corner[0], corner[1]);
      const float dx = std::max(0.0F, std::abs(p[0]) - frame.half_width), dz = std::max(0.0F, std::abs(p[1]) - frame.half_depth);
      best = std::min(best, std::sqrt(dx * dx + dz * dz));
    }
  return best;
}

Vec3 PlacedThing::world(const Vec3& local) const {
  const Vec2 p = turn(local[0], local[2]);
  return {pose.at[0] + p[0], pose.at[1] + local[1], pose.at[2] + p[1]};
}

bool boxes_overlap(const PlacedThing& a, const PlacedThing& b, float slack) {
  return a.low() < b.high() - slack && b.low() < a.high() - slack && footprints_overlap(a.foot(), b.foot(), slack);
}

bool surfaces_touch(const PlacedThing& a, const PlacedThing& b, const Vec3& shift) {
  const InFrame to_a{b, a, shift};
  std::vector<Vec3> moved;
  moved.reserve(b.model->mesh.positions.size());
  Box all = Box::empty();
  for (const Vec3& p : b.model->mesh.positions) moved.push_back(to_a(p)), all.add(moved.back());
  const Box own{{-a.model->size[0] / 2, 0, -a.model->size[2] / 2}, {a.model->size[0] / 2, a.model->size[1], a.model->size[2] / 2}};
  if (!own.overlaps(all)) return false;
  bool found = false;
  for (const Triangle& t : b.model->mesh.triangles) {
    const Corners corners = corners_of(moved, t);
    const Box box = box_of(corners);
    if (!own.overlaps(box)) continue;
    a.model->tree.walk([&](const Box& node) { return !found && node.overlaps(box); },
                       [&](uint32_t i) { found = found || triangles_cross(corners_of(a.model->mesh.positions, a.model->mesh.triangles[i]), corners); });
    if (found) return true;
  }
  // No surfaces cross: one lies within a part of the other, or they are apart.
  if (!moved.empty() && inside(moved[0], a.model->size) && WindingNumber(a.model->mesh).inside(moved[0])) return true;
  PlacedThing shifted = b;
  shifted.pose.at = shifted.pose.at + shift;
  const Vec3 other = InFrame{a, shifted, {}}(a.model->mesh.positions[0]);
  return inside(other, b.model->size) && WindingNumber(b.model->mesh).inside(other);
}

float fall_of(const PlacedThing& upper, const PlacedThing& lower) {
  float fall = 1e9F, y = 0;
  const InFrame to_lower{upper, lower, {}}, to_upper{lower, upper, {}};
  const Box under{{-lower.model->size[0] / 2, -1e9F, -lower.model->size[2] / 2}, {lower.model->size[0] / 2, 1e9F, lower.model->size[2] / 2}};
  for (const Vec3& p : upper.model->mesh.positions) {
    const Vec3 l = to_lower(p);
    if (l[0] < under.low[0] || l[0] > under.high[0] || l[2] < under.low[2] || l[2] > under.high[2]) continue;
    if (height_at(*lower.model, l[0], l[2], true, l[1] + 0.001F, fall + 0.001F, y)) fall = std::min(fall, l[1] - y);
  }
  for (const Vec3& p : lower.model->mesh.positions) {
    const Vec3 u = to_upper(p);
    if (std::abs(u[0]) > upper.model->size[0] / 2 || std::abs(u[2]) > upper.model->size[2] / 2) continue;
    if (height_at(*upper.model, u[0], u[2], false, u[1] - 0.001F, fall + 0.001F, y)) fall = std::min(fall, y - u[1]);
  }
  return fall;
}

}  // namespace ptah
