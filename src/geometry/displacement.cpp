#include "geometry/displacement.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <queue>
#include <unordered_map>

#include "base/parallel.h"
#include "geometry/boolean.h"
#include "geometry/bvh.h"

namespace ptah {

namespace {

constexpr size_t kMaxTriangles = 1'000'000;
constexpr double kCrumbs = 0.01;       // of the volume
constexpr float kMaxDent = 0.45F;      // of what is behind a place, so that both sides of a wall may have one
constexpr float kOppositeSide = 0.3F;  // cosine from which a side counts as opposite: those at edges of 90° and more do not

/// Halves edges, the longest first, and keeps the triangles within flat faces Delaunay's, so that thin ones do not become many.
class Halving {
 public:
  explicit Halving(Mesh& mesh, float edge) : mesh_(mesh), limit_(edge) {
    for (uint32_t t = 0; t < mesh.triangles.size(); ++t)
      for (size_t k = 0; k < 3; ++k) add(mesh.triangles[t][k], mesh.triangles[t][(k + 1) % 3], t);
    for (const Triangle& t : mesh.triangles)
      for (size_t k = 0; k < 3; ++k)
        if (t[k] < t[(k + 1) % 3]) doubtful_.push_back(key(t[k], t[(k + 1) % 3]));
    flip();
  }

  /// Whether no edge is too long.
  bool run() {
    while (!longest_.empty() && mesh_.triangles.size() < kMaxTriangles) {
      const uint64_t edge = ~longest_.top().second;
      longest_.pop();
      if (!sides_.contains(edge)) continue;  // it was flipped
      halve(static_cast<uint32_t>(edge >> 32), static_cast<uint32_t>(edge));
      flip();
    }
    return longest_.empty();
  }

 private:
  static constexpr uint32_t kNone = ~uint32_t{0};
  static uint64_t key(uint32_t a, uint32_t b) { return uint64_t{std::min(a, b)} << 32 | std::max(a, b); }
  const Vec3& at(uint32_t v) const { return mesh_.positions[v]; }

  /// A triangle at an edge, which has two.
  void add(uint32_t a, uint32_t b, uint32_t triangle) {
    const auto [slot, fresh] = sides_.try_emplace(key(a, b), std::array{triangle, kNone});
    if (!fresh) {
      slot->second[1] = triangle;
      return;
    }
    if (const float size = length(at(b) - at(a)); size > limit_) longest_.emplace(size, ~key(a, b));  // of equal ones the lowest numbers first
  }
  void replace(uint32_t a, uint32_t b, uint32_t was, uint32_t is) {
    std::array<uint32_t, 2>& sides = sides_[key(a, b)];
    sides[sides[0] == was ? 0 : 1] = is;
  }
  /// A triangle with the corner last that is not on the edge.
  Triangle from_edge(uint32_t triangle, uint32_t a, uint32_t b) const {
    Triangle t = mesh_.triangles[triangle];
    while (t[2] == a || t[2] == b) std::rotate(t.begin(), t.begin() + 1, t.end());
    return t;
  }

  void halve(uint32_t a, uint32_t b) {
    const auto sides = sides_.extract(key(a, b)).mapped();
    const auto middle = static_cast<uint32_t>(mesh_.positions.size());
    mesh_.positions.push_back((at(a) + at(b)) * 0.5F);
    for (const uint32_t t : sides) {
      if (t == kNone) continue;
      const auto [from, to, top] = from_edge(t, a, b);
      const auto half = static_cast<uint32_t>(mesh_.triangles.size());
      mesh_.triangles[t] = {from, middle, top};
      mesh_.triangles.push_back({middle, to, top});
      replace(to, top, t, half);
      add(from, middle, t);
      add(middle, to, half);
      add(middle, top, t);
      add(middle, top, half);
      doubtful_.insert(doubtful_.end(), {key(from, top), key(to, top)});
    }
  }

  void flip() {
    while (!doubtful_.empty()) {
      const uint64_t edge = doubtful_.back();
      doubtful_.pop_back();
      const auto found = sides_.find(edge);
      if (found == sides_.end() || found->second[1] == kNone) continue;
      const auto [one, other] = found->second;
      const auto [a, b, c] = from_edge(one, static_cast<uint32_t>(edge >> 32), static_cast<uint32_t>(edge));
      const uint32_t d = from_edge(other, a, b)[2];
      if (!may_flip(a, b, c, d)) continue;
      sides_.erase(found);
      mesh_.triangles[one] = {d, b, c};
      mesh_.triangles[other] = {c, a, d};
      replace(c, a, one, other);
      replace(d, b, other, one);
      add(c, d, one);
      add(c, d, other);
      doubtful_.insert(doubtful_.end(), {key(a, c), key(a, d), key(b, c), key(b, d)});
    }
  }

  /// Whether an edge from c to d is better than that from a to b: the four lie in a plane, and the angles at c and d are more than 180 degrees together.
  bool may_flip(uint32_t a, uint32_t b, uint32_t c, uint32_t d) const {
    const Vec3 to_a = at(a) - at(c), to_b = at(b) - at(c), normal = cross(to_a, to_b), from_a = at(a) - at(d), from_b = at(b) - at(d);
    const float doubled = length(normal), other = length(cross(from_b, from_a));
    if (!(doubled > 0) || !(other > 0) || std::abs(dot(normal, at(d) - at(c))) > 1e-4F * limit_ * doubled) return false;
    if (dot(normal, cross(from_b, from_a)) <= 0 || sides_.contains(key(c, d))) return false;
    const float cotangents = dot(to_a, to_b) / doubled + dot(from_a, from_b) / other;
    if (!(cotangents < -1e-3F)) return false;
    const Vec3 across = at(d) - at(c);
    return dot(normal, cross(to_a, across)) > 0 && dot(normal, cross(across, to_b)) > 0;  // the new edge lies between the old one's ends
  }

  Mesh& mesh_;
  float limit_;
  std::unordered_map<uint64_t, std::array<uint32_t, 2>> sides_;
  std::priority_queue<std::pair<float, uint64_t>> longest_;
  std::vector<uint64_t> doubtful_;
};

/// Of each vertex, the mean of its faces' normals by their angles there, which no triangulation of the faces changes.
std::vector<Vec3> angle_normals(const Mesh& mesh) {
  std::vector<Vec3> out(mesh.positions.size());
  for (const Triangle& t : mesh.triangles) {
    const Vec3 &a = mesh.positions[t[0]], &b = mesh.positions[t[1]], &c = mesh.positions[t[2]];
    const Vec3 normal = normalized(cross(b - a, c - a));
    for (size_t k = 0; k < 3; ++k) {
      const Vec3 to = normalized(mesh.positions[t[(k + 1) % 3]] - mesh.positions[t[k]]),
                 from = normalized(mesh.positions[t[(k + 2) % 3]] - mesh.positions[t[k]]);
      out[t[k]] = out[t[k]] + normal * std::acos(std::clamp(dot(to, from), -1.0F, 1.0F));
    }
  }
  for (Vec3& n : out) n = normalized(n);
  return out;
}

/// How thick a solid is behind a place of its surface, against the normal there.
class Thickness {
 public:
  explicit Thickness(const Mesh& mesh) : mesh_(mesh) { tree_ = Bvh(boxes_of_triangles(mesh)); }

  /// Infinite where nothing lies opposite nearer than `bound`.
  float at(const Vec3& p, const Vec3& normal, float bound) const {
    const Vec3 along = normal * -1;
    float nearest = std::numeric_limits<float>::infinity();
    tree_.walk([&](const Box& box) { return crosses(box, p, along, std::min(bound, nearest)); },
               [&](uint32_t t) {
                 const float here = hit(mesh_.triangles[t], p, along);
                 if (here <= bound) nearest = std::min(nearest, here);
               });
    return nearest;
  }

 private:
  static bool crosses(const Box& box, const Vec3& p, const Vec3& along, float bound) {
    float from = 0, to = bound;
    for (size_t k = 0; k < 3; ++k) {
      const float one = (box.low[k] - p[k]) / along[k], two = (box.high[k] - p[k]) / along[k];
      if (std::isnan(one) || std::isnan(two)) continue;  // along a side of the box
      from = std::max(from, std::min(one, two));
      to = std::min(to, std::max(one, two));
    }
    return from <= to * 1.0001F;
  }
  /// Möller and Trumbore 1997; infinite beside the triangle, and for sides that are not opposite.
  float hit(const Triangle& t, const Vec3& p, const Vec3& along) const {
    const Vec3 &a = mesh_.positions[t[0]], ab = mesh_.positions[t[1]] - a, ac = mesh_.positions[t[2]] - a, normal = cross(ab, ac), from = p - a;
    const float steep = dot(normal, along);
    if (!(steep > kOppositeSide * length(normal))) return std::numeric_limits<float>::infinity();
    const Vec3 turned = cross(from, along);
    const float u = -dot(turned, ac) / steep, v = dot(turned, ab) / steep, distance = -dot(from, normal) / steep;
    return u >= -1e-4F && v >= -1e-4F && u + v <= 1.0001F && distance >= 0 ? distance : std::numeric_limits<float>::infinity();
  }

  const Mesh& mesh_;
  Bvh tree_;
};

/// How deep a dent may be at each vertex, up to `deepest`: by what is behind it, and a length of the way deeper than at a vertex beside it, so that the rim of
/// a sheet and a sharp edge are no deeper than what they join.
std::vector<float> dents_of(const Mesh& mesh, const std::vector<Vec3>& normals, const Thickness& solid, float deepest) {
  std::vector<float> out(normals.size());
  parallel_for(static_cast<int64_t>(out.size()), 2000, [&](int64_t begin, int64_t end) {
    for (auto v = static_cast<size_t>(begin); v < static_cast<size_t>(end); ++v)
      out[v] = std::min(deepest, kMaxDent * solid.at(mesh.positions[v], normals[v], deepest / kMaxDent));
  });
  for (bool changed = true; changed;) {
    changed = false;
    for (const Triangle& t : mesh.triangles)
      for (size_t k = 0; k < 3; ++k) {
        const uint32_t a = t[k], b = t[(k + 1) % 3];
        const float bound = out[a] + length(mesh.positions[b] - mesh.positions[a]);
        if (out[b] > bound) out[b] = bound, changed = true;
      }
  }
  return out;
}

/// Each vertex along its normal.
void move(Mesh& mesh, const Thickness& solid, const Displacement& by) {
  const std::vector<Vec3> normals = angle_normals(mesh);
  std::vector<float> offset(normals.size());
  parallel_for(static_cast<int64_t>(offset.size()), 200, [&](int64_t begin, int64_t end) {
    for (auto v = static_cast<size_t>(begin); v < static_cast<size_t>(end); ++v) offset[v] = by(mesh.positions[v]);
  });
  const std::vector<float> dents = dents_of(mesh, normals, solid, std::max(0.0F, -*std::min_element(offset.begin(), offset.end())));
  for (size_t v = 0; v < normals.size(); ++v) mesh.positions[v] = mesh.positions[v] + normals[v] * std::max(offset[v], -dents[v]);
}

/// The bodies that enclose the most, so many of them. Errors: invalid_argument if the others are more than crumbs.
Result<Mesh> without_crumbs(Mesh mesh, int64_t count) {
  const std::vector<uint32_t> component = component_of_vertices(mesh);
  std::unordered_map<uint32_t, double> volumes;
  for (const auto& [a, b, c] : mesh.triangles)
    volumes[component[a]] += static_cast<double>(dot(mesh.positions[a], cross(mesh.positions[b], mesh.positions[c]))) / 6;
  std::vector<std::pair<double, uint32_t>> order;
  for (const auto& [body, volume] : volumes) order.emplace_back(-std::abs(volume), body);
  std::sort(order.begin(), order.end());
  if (static_cast<int64_t>(order.size()) <= count) return mesh;
  double whole = 0, lost = 0;
  for (size_t i = 0; i < order.size(); ++i) {
    whole -= order[i].first;
    if (static_cast<int64_t>(i) >= count) lost -= order[i].first, volumes.erase(order[i].second);
  }
  if (lost > kCrumbs * whole) return fail(ErrorCode::invalid_argument, "it comes apart: it is too thin somewhere");
  return chosen_triangles(mesh, [&](size_t i) { return volumes.contains(component[mesh.triangles[i][0]]); });
}

}  // namespace

Result<Mesh> subdivided(Mesh mesh, float edge) {
  if (!Halving(mesh, edge).run()) return fail(ErrorCode::over_budget, "edges of {:.3g} m would make more than {} triangles", edge, kMaxTriangles);
  return mesh;
}

Result<Mesh> displaced(const Mesh& solid, const Displacement& by, float edge, const CancelToken* cancel) {
  PTAH_TRY(const BooleanResult whole, boolean_mesh({&solid, 1}, &in_any, {}, cancel));
  const int64_t bodies = inspect(whole.mesh).bodies;
  PTAH_TRY(Mesh mesh, subdivided(whole.mesh, edge));
  move(mesh, Thickness(whole.mesh), by);
  PTAH_TRY(BooleanResult joined, boolean_mesh({&mesh, 1}, &in_any, {}, cancel));
  if (joined.mesh.triangles.empty()) return fail(ErrorCode::invalid_argument, "nothing is left");
  return without_crumbs(std::move(joined.mesh), bodies);
}

}  // namespace ptah
