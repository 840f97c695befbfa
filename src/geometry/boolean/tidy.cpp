#include "geometry/boolean/tidy.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace ptah::detail {

namespace {

using Point = std::array<double, 3>;

Point minus(const Point& a, const Point& b) { return {a[0] - b[0], a[1] - b[1], a[2] - b[2]}; }
double inner(const Point& a, const Point& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }
Point outer(const Point& a, const Point& b) { return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]}; }
double size(const Point& a) { return std::sqrt(inner(a, a)); }

size_t slot(const Triangle& t, uint32_t v) { return t[0] == v ? 0 : t[1] == v ? 1 : 2; }
bool has(const Triangle& t, uint32_t v) { return t[0] == v || t[1] == v || t[2] == v; }
void erase(std::vector<uint32_t>& list, uint32_t value) { list.erase(std::find(list.begin(), list.end(), value)); }

}  // namespace

Tidy::Tidy(Mesh& mesh, std::vector<uint32_t>& source, float tolerance)
    : mesh_(mesh), source_(source), tolerance_(tolerance), around_(mesh.positions.size()), gone_(mesh.triangles.size(), 0) {
  for (uint32_t t = 0; t < mesh.triangles.size(); ++t)
    for (const uint32_t v : mesh.triangles[t]) around_[v].push_back(t);
}

Tidy::Point Tidy::point(uint32_t v) const {
  const Vec3& p = mesh_.positions[v];
  return {p[0], p[1], p[2]};
}

Tidy::Shape Tidy::shape(const Triangle& t) const {
  const Point a = point(t[0]), b = point(t[1]), c = point(t[2]);
  const double ab = size(minus(b, a)), bc = size(minus(c, b)), ca = size(minus(a, c));
  Shape out;
  out.normal = outer(minus(b, a), minus(c, a));
  out.longest = std::max({ab, bc, ca});
  out.shortest = std::min({ab, bc, ca});
  out.height = out.longest > 0 ? size(out.normal) / out.longest : 0;
  return out;
}

/// The link condition: nothing but the edge's two triangles joins its ends' neighbourhoods.
bool Tidy::keeps_topology(uint32_t from, uint32_t to) const {
  std::vector<uint32_t> a, b, both;
  for (const uint32_t t : around_[from])
    for (const uint32_t v : mesh_.triangles[t])
      if (v != from) a.push_back(v);
  for (const uint32_t t : around_[to])
    for (const uint32_t v : mesh_.triangles[t])
      if (v != to) b.push_back(v);
  for (auto* list : {&a, &b}) {
    std::sort(list->begin(), list->end());
    list->erase(std::unique(list->begin(), list->end()), list->end());
  }
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
  if (both.size() != 2) return false;
  for (const uint32_t t : around_[from])
    if (!has(mesh_.triangles[t], to) && has(mesh_.triangles[t], both[0]) && has(mesh_.triangles[t], both[1])) return false;  // a tetrahedron
  return true;
}

bool Tidy::keeps_shape(uint32_t from, uint32_t to, double tolerance) const {
  const Point target = point(to), start = point(from);
  for (const uint32_t t : around_[from]) {
    const Shape before = shape(mesh_.triangles[t]);
    const bool firm = before.height > 4 * tolerance;  // lower ones lie on their longest edge, which another triangle has
    if (firm && std::abs(inner(minus(target, start), before.normal)) > tolerance * size(before.normal)) return false;
    if (has(mesh_.triangles[t], to)) continue;
    Triangle moved = mesh_.triangles[t];
    moved[slot(moved, from)] = to;
    const Shape after = shape(moved);
    if (after.degenerate() && !before.degenerate()) return false;
    const double turn = inner(before.normal, after.normal);
    if (firm && turn < 0.5 * size(before.normal) * size(after.normal)) return false;
    if (!firm && after.height > 4 * tolerance) {  // must lie like the triangles that it takes its place from
      bool alike = false;
      for (const uint32_t other : around_[from]) {
        const Shape old = shape(mesh_.triangles[other]);
        if (old.height > 4 * tolerance && inner(old.normal, after.normal) > 0.999 * size(old.normal) * size(after.normal)) alike = true;
      }
      if (!alike) return false;
    }
  }
  return true;
}

bool Tidy::keeps_sources(uint32_t from, uint32_t to, double tolerance) const {
  const uint32_t first = source_[around_[from].front()];
  bool one = true;
  for (const uint32_t t : around_[from]) one = one && source_[t] == first;
  if (one || size(minus(point(to), point(from))) <= tolerance) return true;
  std::vector<uint32_t> ends;  // of edges at `from` where sources change
  for (const uint32_t t : around_[from]) {
    const uint32_t v = mesh_.triangles[t][(slot(mesh_.triangles[t], from) + 1) % 3];
    for (const uint32_t u : around_[from])
      if (u != t && has(mesh_.triangles[u], v) && source_[u] != source_[t]) ends.push_back(v);
  }
  if (ends.size() != 2 || (ends[0] != to && ends[1] != to)) return false;
  const Point along = minus(point(to), point(ends[0] == to ? ends[1] : ends[0])), off = minus(point(from), point(to));
  return inner(along, off) < 0 && size(outer(along, off)) <= tolerance * size(along);
}

bool Tidy::collapse(uint32_t from, uint32_t to, double tolerance) {
  if (!keeps_sources(from, to, tolerance) || !keeps_shape(from, to, tolerance) || !keeps_topology(from, to)) return false;
  const std::vector<uint32_t> list = around_[from];
  for (const uint32_t t : list) {
    Triangle& triangle = mesh_.triangles[t];
    if (has(triangle, to)) {
      for (const uint32_t v : triangle) erase(around_[v], t);
      gone_[t] = 1;
    } else {
      triangle[slot(triangle, from)] = to;
      around_[to].push_back(t);
    }
  }
  around_[from].clear();
  return true;
}

bool Tidy::flip_longest(uint32_t t) {
  const Triangle old = mesh_.triangles[t];
  size_t longest = 0;
  double best = -1;
  for (size_t k = 0; k < 3; ++k)
    if (const double length = size(minus(point(old[(k + 1) % 3]), point(old[k]))); length > best) best = length, longest = k;
  const uint32_t a = old[longest], b = old[(longest + 1) % 3], c = old[(longest + 2) % 3];
  uint32_t u = t;
  for (const uint32_t other : around_[a])
    if (other != t && has(mesh_.triangles[other], b)) u = other;
  if (u == t) return false;
  const Triangle across = mesh_.triangles[u];
  const uint32_t d = across[0] != a && across[0] != b ? across[0] : across[1] != a && across[1] != b ? across[1] : across[2];
  for (const uint32_t other : around_[c])
    if (has(mesh_.triangles[other], d)) return false;
  const Triangle one{a, d, c}, two{d, b, c};
  const Shape first = shape(one), second = shape(two), flat = shape(across);
  const double low = std::min(first.height / first.longest, second.height / second.longest), now = shape(old).height / best;
  if (!(low > 2 * now) && !(low >= 1e-6)) return false;
  if (!flat.degenerate() && (inner(first.normal, flat.normal) < 0 || inner(second.normal, flat.normal) < 0)) return false;
  mesh_.triangles[t] = one;
  mesh_.triangles[u] = two;
  source_[t] = source_[u];
  erase(around_[b], t);
  erase(around_[a], u);
  around_[d].push_back(t);
  around_[c].push_back(u);
  return true;
}

bool Tidy::mend(uint32_t t) {
  const Triangle triangle = mesh_.triangles[t];
  std::array<std::pair<double, size_t>, 3> edges;
  for (size_t k = 0; k < 3; ++k) edges[k] = {size(minus(point(triangle[(k + 1) % 3]), point(triangle[k]))), k};
  std::sort(edges.begin(), edges.end());
  for (const double tolerance : {tolerance_, 4 * tolerance_}) {
    for (const auto& [length, k] : edges) {
      if (length > 4 * tolerance) break;
      const uint32_t a = triangle[k], b = triangle[(k + 1) % 3];
      if (collapse(a, b, tolerance) || collapse(b, a, tolerance)) return true;
    }
    if (tolerance == tolerance_ && flip_longest(t)) return true;
  }
  return false;
}

/// Moves a corner by a few steps of the grid so that none of its triangles is degenerate.
bool Tidy::nudge(uint32_t t) {
  for (int k = 0; k < 72; ++k) {
    const uint32_t v = mesh_.triangles[t][static_cast<size_t>(k % 3)];
    const Vec3 before = mesh_.positions[v];
    const double turn = 2.4 * k, rise = std::sin(1.7 * k), flat = std::sqrt(1 - rise * rise), reach = tolerance_ * (1 + k / 24);
    const Point way{flat * std::cos(turn), rise, flat * std::sin(turn)};
    for (size_t i = 0; i < 3; ++i) mesh_.positions[v][i] = static_cast<float>(before[i] + reach * way[i]);
    if (std::none_of(around_[v].begin(), around_[v].end(), [&](uint32_t other) { return shape(mesh_.triangles[other]).degenerate(); })) return true;
    mesh_.positions[v] = before;
  }
  return false;
}

void Tidy::mend() {
  bool any = true;
  for (int round = 0; round < 16 && any; ++round) {
    any = false;
    for (uint32_t t = 0; t < mesh_.triangles.size(); ++t)
      if (!gone_[t] && shape(mesh_.triangles[t]).degenerate()) any = mend(t) || any;
  }
  for (uint32_t t = 0; t < mesh_.triangles.size(); ++t)
    if (!gone_[t] && shape(mesh_.triangles[t]).degenerate()) nudge(t);
}

void Tidy::simplify() {
  for (int round = 0; round < 8; ++round) {
    bool any = false;
    for (uint32_t v = 0; v < around_.size(); ++v) {
      if (around_[v].empty()) continue;
      // The shortest edge that can go.
      std::vector<std::pair<double, uint32_t>> ends;
      for (const uint32_t t : around_[v]) {
        const uint32_t w = mesh_.triangles[t][(slot(mesh_.triangles[t], v) + 1) % 3];
        ends.emplace_back(size(minus(point(w), point(v))), w);
      }
      std::sort(ends.begin(), ends.end());
      for (const auto& [length, w] : ends)
        if (collapse(v, w, tolerance_)) {
          any = true;
          break;
        }
    }
    if (!any) return;
  }
}

bool Tidy::separate_once(float distance) {
  std::vector<uint32_t> order(around_.size());
  std::iota(order.begin(), order.end(), 0U);
  std::erase_if(order, [&](uint32_t v) { return around_[v].empty(); });
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return std::pair{mesh_.positions[a], a} < std::pair{mesh_.positions[b], b}; });
  std::vector<std::pair<uint32_t, Vec3>> moved;
  int rank = 0;  // among the vertices at one position
  for (size_t i = 0; i < order.size(); ++i) {
    const Vec3& at = mesh_.positions[order[i]];
    const bool shared = (i && mesh_.positions[order[i - 1]] == at) || (i + 1 < order.size() && mesh_.positions[order[i + 1]] == at);
    if (!shared) continue;
    rank = i && mesh_.positions[order[i - 1]] == at ? rank + 1 : 0;
    const float far = distance * (1 + 0.5F * static_cast<float>(rank));
    Point into{};
    for (const uint32_t t : around_[order[i]]) {
      const Shape s = shape(mesh_.triangles[t]);
      for (size_t k = 0; k < 3; ++k) into[k] -= s.normal[k] / std::max(size(s.normal), 1e-300);
    }
    const double length = size(into);
    if (length < 1e-3) into = {0.6, 0.64, 0.48};
    Vec3 to = at;
    for (size_t k = 0; k < 3; ++k) to[k] += static_cast<float>(into[k] / (length < 1e-3 ? 1 : length)) * far;
    moved.emplace_back(order[i], to);
  }
  for (const auto& [v, to] : moved) mesh_.positions[v] = to;
  return !moved.empty();
}

bool Tidy::separate(float distance) {
  bool any = false;
  for (int round = 0; round < 8 && separate_once(distance); ++round) {
    any = true;
    distance *= 1.5F;
  }
  return any;
}

void Tidy::finish() {
  std::vector<uint32_t> number(mesh_.positions.size(), ~uint32_t{0});
  Mesh out;
  std::vector<uint32_t> source;
  for (uint32_t t = 0; t < mesh_.triangles.size(); ++t) {
    if (gone_[t]) continue;
    Triangle triangle = mesh_.triangles[t];
    for (uint32_t& v : triangle) {
      if (number[v] == ~uint32_t{0}) {
        number[v] = static_cast<uint32_t>(out.positions.size());
        out.positions.push_back(mesh_.positions[v]);
      }
      v = number[v];
    }
    out.triangles.push_back(triangle);
    source.push_back(source_[t]);
  }
  mesh_ = std::move(out);
  source_ = std::move(source);
}

}  // namespace ptah::detail
