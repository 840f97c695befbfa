#include <algorithm>
#include <cmath>
#include <limits>

#include "geometry/boolean/arrangement.h"

namespace ptah::detail {

namespace {

constexpr uint32_t kNone = ~uint32_t{0};

class Polygon {
 public:
  Polygon(const PointTable& points, int axis)
      : points_(points), axis_(axis), i_(static_cast<size_t>((axis + 1) % 3)), j_(static_cast<size_t>((axis + 2) % 3)) {}

  void run(std::vector<std::vector<Corner>>& loops, std::vector<Triangle>& out) {
    for (const auto& loop : loops)
      for (size_t k = 0; k < loop.size(); ++k) fixed_.emplace_back(loop[k].vertex, loop[(k + 1) % loop.size()].vertex);
    std::sort(fixed_.begin(), fixed_.end());
    add_loops(loops);
    bridge();
    clip();
    improve();
    for (const Triangle& t : triangles_) out.push_back({corners_[t[0]].vertex, corners_[t[1]].vertex, corners_[t[2]].vertex});
  }

 private:
  struct Node {
    uint32_t corner, previous, next;
  };
  const Point& point(uint32_t node) const { return points_[corners_[nodes_[node].corner].point]; }
  uint32_t id(uint32_t node) const { return corners_[nodes_[node].corner].point; }
  int turn_of(uint32_t a, uint32_t b, uint32_t c) const { return turn(point(a), point(b), point(c), axis_); }
  double x(uint32_t node) const { return point(node).at[i_]; }
  double y(uint32_t node) const { return point(node).at[j_]; }

  void add_loops(const std::vector<std::vector<Corner>>& loops);
  double area(uint32_t loop) const;
  void bridge();
  bool connect(uint32_t hole, uint32_t from);
  bool sees(uint32_t a, uint32_t b) const;
  bool blocks(uint32_t edge, uint32_t a, uint32_t b) const;
  bool in_cone(uint32_t at, uint32_t to) const;
  void clip();
  double ear(uint32_t b) const;
  void improve();
  bool flip(uint32_t triangle, size_t slot, std::vector<uint32_t>& queue);
  double cotangent(uint32_t at, uint32_t b, uint32_t c) const;

  const PointTable& points_;
  int axis_;
  size_t i_, j_;
  std::vector<Corner> corners_;
  std::vector<Node> nodes_;
  std::vector<uint32_t> starts_;  // a node of each loop
  std::vector<std::pair<uint32_t, uint32_t>> fixed_;
  std::vector<Triangle> triangles_;  // of corners
  std::vector<std::array<uint32_t, 3>> neighbours_;
};

void Polygon::add_loops(const std::vector<std::vector<Corner>>& loops) {
  for (const auto& loop : loops) {
    const auto begin = static_cast<uint32_t>(nodes_.size()), size = static_cast<uint32_t>(loop.size());
    starts_.push_back(begin);
    for (uint32_t k = 0; k < size; ++k) {
      corners_.push_back(loop[k]);
      nodes_.push_back({begin + k, begin + (k + size - 1) % size, begin + (k + 1) % size});
    }
  }
}

double Polygon::area(uint32_t loop) const {
  double sum = 0;
  uint32_t n = starts_[loop];
  const double x0 = x(n), y0 = y(n);
  do {
    const uint32_t m = nodes_[n].next;
    sum += (x(n) - x0) * (y(m) - y0) - (x(m) - x0) * (y(n) - y0);
    n = m;
  } while (n != starts_[loop]);
  return sum;
}

/// Holes become part of the outermost loop, the rightmost first, so that each has a corner of that loop to its right in sight.
void Polygon::bridge() {
  if (starts_.size() == 1) return;
  uint32_t outer = 0;
  for (uint32_t l = 1; l < starts_.size(); ++l)
    if (area(l) > area(outer)) outer = l;
  std::swap(starts_[0], starts_[outer]);
  for (uint32_t l = 1; l < starts_.size(); ++l) {
    uint32_t best = starts_[l];
    for (uint32_t n = nodes_[starts_[l]].next; n != starts_[l]; n = nodes_[n].next)
      if (compare(point(n), point(best), static_cast<int>(i_)) > 0) best = n;
    starts_[l] = best;
  }
  std::sort(starts_.begin() + 1, starts_.end(), [&](uint32_t a, uint32_t b) { return x(a) > x(b); });
  std::vector<uint32_t> waiting(starts_.begin() + 1, starts_.end());
  while (!waiting.empty()) {
    bool any = false;
    for (size_t l = 0; l < waiting.size() && !any; ++l) {
      uint32_t n = waiting[l];
      do {
        any = connect(waiting[l], n);
        n = nodes_[n].next;
      } while (!any && n != waiting[l]);
      if (!any) continue;
      starts_.erase(std::find(starts_.begin() + 1, starts_.end(), waiting[l]));
      waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(l));
    }
    if (!any) throw Failure({ErrorCode::internal, "boolean: a hole of a face has no corner of its outline in sight"});
  }
}

bool Polygon::connect(uint32_t hole, uint32_t from) {
  (void)hole;
  std::vector<std::pair<double, uint32_t>> candidates;
  uint32_t n = starts_[0];
  do {
    candidates.emplace_back((x(n) - x(from)) * (x(n) - x(from)) + (y(n) - y(from)) * (y(n) - y(from)), n);
    n = nodes_[n].next;
  } while (n != starts_[0]);
  std::sort(candidates.begin(), candidates.end());
  for (const auto& [distance, to] : candidates) {
    if (id(to) == id(from) || !in_cone(to, from) || !in_cone(from, to) || !sees(from, to)) continue;
    // …→ to → from → (round the hole) → from' → to' →…
    const auto from_copy = static_cast<uint32_t>(nodes_.size()), to_copy = from_copy + 1;
    const Node from_node = nodes_[from], to_node = nodes_[to];
    nodes_.push_back({from_node.corner, from_node.previous, to_copy});
    nodes_.push_back({to_node.corner, from_copy, to_node.next});
    nodes_[from_node.previous].next = from_copy;
    nodes_[to_node.next].previous = to_copy;
    nodes_[to].next = from;
    nodes_[from].previous = to;
    return true;
  }
  return false;
}

bool Polygon::in_cone(uint32_t at, uint32_t to) const {
  const uint32_t a0 = nodes_[at].previous, a1 = nodes_[at].next;
  const auto toward = [&](uint32_t other) {  // same direction from `at`
    if (turn_of(at, to, other) != 0) return false;
    return (x(other) - x(at)) * (x(to) - x(at)) + (y(other) - y(at)) * (y(to) - y(at)) > 0;
  };
  if (id(a0) == id(a1)) return !toward(a0);
  if (turn_of(a0, at, a1) >= 0) return turn_of(at, to, a0) > 0 && turn_of(to, at, a1) > 0;
  return !(turn_of(at, to, a1) >= 0 && turn_of(to, at, a0) >= 0);
}

bool Polygon::blocks(uint32_t edge, uint32_t a, uint32_t b) const {
  const uint32_t p = edge, q = nodes_[edge].next;
  if (std::max(x(p), x(q)) < std::min(x(a), x(b)) - 1e-6 || std::max(x(a), x(b)) < std::min(x(p), x(q)) - 1e-6 ||
      std::max(y(p), y(q)) < std::min(y(a), y(b)) - 1e-6 || std::max(y(a), y(b)) < std::min(y(p), y(q)) - 1e-6)
    return false;
  const bool p_shared = id(p) == id(a) || id(p) == id(b), q_shared = id(q) == id(a) || id(q) == id(b);
  const auto within = [&](uint32_t c, uint32_t from, uint32_t to) {  // c on the open segment, being collinear
    for (const size_t axis : {i_, j_}) {
      const int low = compare(point(c), point(from), static_cast<int>(axis)), high = compare(point(to), point(c), static_cast<int>(axis));
      if (low * high < 0 || (low == 0) != (high == 0)) return false;
      if (low != 0) return true;
    }
    return false;
  };
  if (p_shared && q_shared) return true;
  if (p_shared || q_shared) {
    const uint32_t other = p_shared ? q : p;
    return turn_of(a, b, other) == 0 && (within(other, a, b) || within(id(p_shared ? p : q) == id(a) ? b : a, p, q));
  }
  const int o1 = turn_of(a, b, p), o2 = turn_of(a, b, q);
  if (o1 * o2 > 0) return false;
  const int o3 = turn_of(p, q, a), o4 = turn_of(p, q, b);
  if (o3 * o4 > 0) return false;
  if (o1 == 0 && o2 == 0) return within(p, a, b) || within(q, a, b) || within(a, p, q) || within(b, p, q);
  return true;
}

bool Polygon::sees(uint32_t a, uint32_t b) const {
  for (const uint32_t start : starts_) {
    uint32_t n = start;
    do {
      if (blocks(n, a, b)) return false;
      n = nodes_[n].next;
    } while (n != start);
  }
  return true;
}

/// How well shaped the ear at b is; negative if it may not be cut.
double Polygon::ear(uint32_t b) const {
  const uint32_t a = nodes_[b].previous, c = nodes_[b].next;
  if (id(a) == id(c) || turn_of(a, b, c) <= 0) return -1;
  if (nodes_[nodes_[c].next].next != b && (id(nodes_[a].previous) == id(c) || id(nodes_[c].next) == id(a))) return -1;
  const double x_low = std::min({x(a), x(b), x(c)}) - 1e-6, x_high = std::max({x(a), x(b), x(c)}) + 1e-6;
  const double y_low = std::min({y(a), y(b), y(c)}) - 1e-6, y_high = std::max({y(a), y(b), y(c)}) + 1e-6;
  for (uint32_t n = nodes_[c].next; n != a; n = nodes_[n].next) {
    if (x(n) < x_low || x(n) > x_high || y(n) < y_low || y(n) > y_high) continue;
    if (id(n) == id(a) || id(n) == id(b) || id(n) == id(c)) continue;
    if (turn_of(a, b, n) >= 0 && turn_of(b, c, n) >= 0 && turn_of(c, a, n) >= 0) return -1;
  }
  const auto square = [&](uint32_t p, uint32_t q) {
    double sum = 0;
    for (size_t k = 0; k < 3; ++k) sum += (point(p).at[k] - point(q).at[k]) * (point(p).at[k] - point(q).at[k]);
    return sum;
  };
  const double area = std::abs((x(b) - x(a)) * (y(c) - y(a)) - (y(b) - y(a)) * (x(c) - x(a)));
  return area / std::max({square(a, b), square(b, c), square(c, a)});
}

void Polygon::clip() {
  std::vector<uint32_t> ring;
  uint32_t n = starts_[0];
  do {
    ring.push_back(n);
    n = nodes_[n].next;
  } while (n != starts_[0]);
  if (ring.size() < 3) return;
  std::vector<double> quality(nodes_.size(), -1);
  if (ring.size() > 3)
    for (const uint32_t node : ring) quality[node] = ear(node);
  while (ring.size() > 3) {
    size_t best = 0;
    for (size_t k = 1; k < ring.size(); ++k)
      if (quality[ring[k]] > quality[ring[best]]) best = k;
    if (quality[ring[best]] < 0) {
      for (const uint32_t node : ring) quality[node] = ear(node);
      for (size_t k = 0; k < ring.size(); ++k)
        if (quality[ring[k]] > quality[ring[best]]) best = k;
      if (quality[ring[best]] < 0) throw Failure({ErrorCode::internal, "boolean: a face could not be triangulated"});
    }
    const uint32_t b = ring[best], a = nodes_[b].previous, c = nodes_[b].next;
    triangles_.push_back({nodes_[a].corner, nodes_[b].corner, nodes_[c].corner});
    nodes_[a].next = c;
    nodes_[c].previous = a;
    ring.erase(ring.begin() + static_cast<std::ptrdiff_t>(best));
    if (ring.size() == 3) break;
    for (const uint32_t node : {a, c}) quality[node] = ear(node);
    for (const uint32_t node : {nodes_[a].previous, nodes_[c].next}) quality[node] = ear(node);
  }
  const uint32_t a = ring[0], b = nodes_[a].next, c = nodes_[b].next;
  if (turn_of(a, b, c) <= 0) throw Failure({ErrorCode::internal, "boolean: a face has no area"});
  triangles_.push_back({nodes_[a].corner, nodes_[b].corner, nodes_[c].corner});
}

double Polygon::cotangent(uint32_t at, uint32_t b, uint32_t c) const {
  std::array<double, 3> u, v;
  for (size_t k = 0; k < 3; ++k) {
    u[k] = points_[corners_[b].point].at[k] - points_[corners_[at].point].at[k];
    v[k] = points_[corners_[c].point].at[k] - points_[corners_[at].point].at[k];
  }
  const std::array<double, 3> n{u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]};
  const double sine = std::sqrt(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]), cosine = u[0] * v[0] + u[1] * v[1] + u[2] * v[2];
  return cosine / std::max(sine, 1e-300);
}

/// Lawson's flips towards the Delaunay triangulation of the polygon.
void Polygon::improve() {
  if (triangles_.size() < 2) return;
  std::vector<std::array<uint32_t, 4>> edges;  // (low, high, triangle, slot)
  const auto vertex = [&](uint32_t t, size_t k) { return corners_[triangles_[t][k % 3]].vertex; };
  for (uint32_t t = 0; t < triangles_.size(); ++t)
    for (size_t k = 0; k < 3; ++k) {
      const uint32_t a = vertex(t, k), b = vertex(t, k + 1);
      if (std::binary_search(fixed_.begin(), fixed_.end(), std::pair{a, b})) continue;
      edges.push_back({std::min(a, b), std::max(a, b), t, static_cast<uint32_t>(k)});
    }
  std::sort(edges.begin(), edges.end());
  neighbours_.assign(triangles_.size(), {kNone, kNone, kNone});
  std::vector<uint32_t> queue;
  for (size_t e = 0; e + 1 < edges.size(); ++e) {
    if (edges[e][0] != edges[e + 1][0] || edges[e][1] != edges[e + 1][1]) continue;
    neighbours_[edges[e][2]][edges[e][3]] = edges[e + 1][2] * 3 + edges[e + 1][3];
    neighbours_[edges[e + 1][2]][edges[e + 1][3]] = edges[e][2] * 3 + edges[e][3];
    queue.push_back(edges[e][2] * 3 + edges[e][3]);
  }
  for (size_t rounds = 0; !queue.empty() && rounds < 40 * triangles_.size() + 1000; ++rounds) {
    const uint32_t side = queue.back();
    queue.pop_back();
    flip(side / 3, side % 3, queue);
  }
}

bool Polygon::flip(uint32_t t, size_t k, std::vector<uint32_t>& queue) {
  const uint32_t across = neighbours_[t][k];
  if (across == kNone) return false;
  const uint32_t u = across / 3;
  const size_t m = across % 3, k1 = (k + 1) % 3, k2 = (k + 2) % 3, m1 = (m + 1) % 3, m2 = (m + 2) % 3;
  const uint32_t a = triangles_[t][k], b = triangles_[t][k1], c = triangles_[t][k2], d = triangles_[u][m2];
  if (cotangent(c, a, b) + cotangent(d, a, b) >= -1e-9) return false;
  const auto at = [&](uint32_t corner) -> const Point& { return points_[corners_[corner].point]; };
  if (turn(at(a), at(d), at(c), axis_) <= 0 || turn(at(d), at(b), at(c), axis_) <= 0) return false;
  const uint32_t bc = neighbours_[t][k1], ca = neighbours_[t][k2], ad = neighbours_[u][m1], db = neighbours_[u][m2];
  triangles_[t] = {a, d, c};
  triangles_[u] = {d, b, c};
  const auto link = [&](uint32_t triangle, uint32_t slot, uint32_t other) {
    neighbours_[triangle][slot] = other;
    if (other != kNone) {
      neighbours_[other / 3][other % 3] = triangle * 3 + slot;
      queue.push_back(triangle * 3 + slot);
    }
  };
  link(t, 0, ad);
  link(t, 2, ca);
  link(u, 0, db);
  link(u, 1, bc);
  neighbours_[t][1] = u * 3 + 2;
  neighbours_[u][2] = t * 3 + 1;
  return true;
}

}  // namespace

void triangulate(const PointTable& points, int axis, std::vector<std::vector<Corner>> loops, std::vector<Triangle>& out) {
  if (loops.size() == 1 && loops[0].size() == 3) {
    out.push_back({loops[0][0].vertex, loops[0][1].vertex, loops[0][2].vertex});
    return;
  }
  Polygon(points, axis).run(loops, out);
}

}  // namespace ptah::detail
