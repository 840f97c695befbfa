#include <algorithm>
#include <cmath>

#include "geometry/boolean/arrangement.h"
#include "geometry/bvh.h"

namespace ptah::detail {

namespace {

using W4 = Wide<4>;

/// Sign of a dot product of 128-bit vectors, up to 2^180.
template <class A, class B>
int dot_sign(const A& a, const B& b) {
  W4 sum;
  for (size_t i = 0; i < 3; ++i) sum = sum + W4(static_cast<Int128>(a[i])) * W4(static_cast<Int128>(b[i]));
  return sum.sign();
}
/// Sign of ab − cd.
int minor_sign(Int128 a, Int128 b, Int128 c, Int128 d) { return (W4(a) * W4(b) - W4(c) * W4(d)).sign(); }

uint32_t low_point(const Wing& wing) { return static_cast<uint32_t>(wing.edge >> 32); }
uint32_t high_point(const Wing& wing) { return static_cast<uint32_t>(wing.edge); }

class Classifier {
 public:
  Classifier(const Soup& soup, const PointTable& points, const Arrangement& arrangement, size_t operands)
      : soup_(soup), points_(points), arrangement_(arrangement), operands_(operands), nodes_(2 * arrangement.cycles.size()), shells_(soup.triangles.size()) {}

  Cells run(const InsideRule& rule, const CancelToken* cancel) {
    find_wings();
    for (size_t e = 0; e + 1 < cells_.wings_begin.size(); ++e) unite_round_edge(cells_.wings_begin[e], cells_.wings_begin[e + 1]);
    for (const auto& [a, b] : arrangement_.joined_triangles) shells_.unite(a, b);
    for (const auto& [a, b] : arrangement_.joined_cycles) {
      nodes_.unite(2 * a, 2 * b);
      nodes_.unite(2 * a + 1, 2 * b + 1);
    }
    stop_if_cancelled(cancel);
    number_cells();
    seed_shells(cancel);
    spread();
    decide(rule);
    return std::move(cells_);
  }

 private:
  void find_wings();
  void unite_round_edge(uint32_t begin, uint32_t end);
  void sort_round_edge(uint32_t begin, uint32_t end);
  const Normal& normal(const Wing& w) const { return soup_.planes[arrangement_.lines[w.half_edge >> 1].plane].n; }
  uint32_t cycle(const Wing& w) const { return arrangement_.half_edges[w.half_edge].cycle; }
  uint32_t ahead(const Wing& w) const { return 2 * cycle(w) + (w.up ? 1 : 0); }  // node counter-clockwise of a wing
  uint32_t behind(const Wing& w) const { return 2 * cycle(w) + (w.up ? 0 : 1); }
  void number_cells();
  void seed_shells(const CancelToken* cancel);
  /// The node outside a shell at its largest vertex, and the direction away from that vertex along an edge of the shell.
  uint32_t outer_node(uint32_t vertex, const std::vector<uint32_t>& edges, Direction& away) const;
  Direction direction_from(uint32_t vertex, uint32_t edge) const;
  void cast(uint32_t vertex, const Direction& away, uint32_t shell, std::vector<int>& winding);
  void spread();
  void decide(const InsideRule& rule);

  const Soup& soup_;
  const PointTable& points_;
  const Arrangement& arrangement_;
  size_t operands_;
  DisjointSets nodes_, shells_;
  Cells cells_;
  std::vector<uint32_t> cell_of_;  // of nodes
  std::vector<int> winding_;       // of cells × operands
  std::vector<char> known_;
  Bvh tree_;
  std::vector<Box> boxes_;
};

void Classifier::find_wings() {
  for (uint32_t h = 0; h < arrangement_.half_edges.size(); ++h) {
    if (!arrangement_.cycles[arrangement_.half_edges[h].cycle].coverage) continue;
    const uint32_t from = arrangement_.half_edges[h].origin, to = arrangement_.target(h);
    cells_.wings.push_back({uint64_t{std::min(from, to)} << 32 | std::max(from, to), h, from < to});
  }
  std::sort(cells_.wings.begin(), cells_.wings.end(), [](const Wing& a, const Wing& b) {
    return std::pair{a.edge, a.half_edge} < std::pair{b.edge, b.half_edge};
  });
  for (uint32_t i = 0; i < cells_.wings.size(); ++i)
    if (i == 0 || cells_.wings[i].edge != cells_.wings[i - 1].edge) cells_.wings_begin.push_back(i);
  cells_.wings_begin.push_back(static_cast<uint32_t>(cells_.wings.size()));
}

void Classifier::sort_round_edge(uint32_t begin, uint32_t end) {
  const Wing zero = cells_.wings[begin];
  uint32_t other = begin + 1;
  while (other < end && normal(cells_.wings[other]) == normal(zero)) ++other;
  if (other == end) return;  // the two sides of one plane
  const Direction c = cross(normal(zero), normal(cells_.wings[other]));
  const int axis = largest_axis(c);
  const auto k = static_cast<size_t>(axis), i = (k + 1) % 3, j = (k + 2) % 3;
  const int way = compare(points_[high_point(zero)], points_[low_point(zero)], axis);
  // Sign of the turn from wing a to wing b, counter-clockwise.
  const auto turn = [&](const Wing& a, const Wing& b) {
    const Normal &m = normal(a), &n = normal(b);
    const int sign = sign_of(static_cast<Int128>(m[i]) * n[j] - static_cast<Int128>(m[j]) * n[i]);
    return sign * way * (a.up == b.up ? 1 : -1);
  };
  const auto quarter = [&](const Wing& w) {
    const int sign = turn(zero, w);
    return sign > 0 ? 1 : sign < 0 ? 3 : w.up == zero.up ? 0 : 2;
  };
  std::sort(cells_.wings.begin() + begin, cells_.wings.begin() + end, [&](const Wing& a, const Wing& b) {
    const int qa = quarter(a), qb = quarter(b);
    if (qa != qb) return qa < qb;
    return turn(a, b) > 0;
  });
}

void Classifier::unite_round_edge(uint32_t begin, uint32_t end) {
  if (end - begin > 2) sort_round_edge(begin, end);
  for (uint32_t w = begin; w < end; ++w) {
    const uint32_t following = w + 1 == end ? begin : w + 1;
    nodes_.unite(ahead(cells_.wings[w]), behind(cells_.wings[following]));
    shells_.unite(arrangement_.cycles[cycle(cells_.wings[w])].triangle, arrangement_.cycles[cycle(cells_.wings[following])].triangle);
  }
}

void Classifier::number_cells() {
  cell_of_.assign(2 * arrangement_.cycles.size(), ~uint32_t{0});
  uint32_t count = 0;
  for (uint32_t n = 0; n < cell_of_.size(); ++n) {
    if (!arrangement_.cycles[n / 2].coverage) continue;
    const uint32_t root = nodes_.root(n);
    if (cell_of_[root] == ~uint32_t{0}) cell_of_[root] = count++;
    cell_of_[n] = cell_of_[root];
  }
  winding_.assign(count * operands_, 0);
  known_.assign(count, 0);
}

Direction Classifier::direction_from(uint32_t vertex, uint32_t edge) const {
  const Wing& wing = cells_.wings[cells_.wings_begin[edge]];
  const EdgeLine& line = arrangement_.lines[wing.half_edge >> 1];
  Direction d = cross(soup_.planes[line.plane].n, line.other.n);
  if (arrangement_.half_edges[wing.half_edge & ~1U].origin != vertex)
    for (Int128& x : d) x = -x;
  return d;
}

uint32_t Classifier::outer_node(uint32_t vertex, const std::vector<uint32_t>& edges, Direction& away) const {
  // All edges at the lexicographically largest vertex run back; seen along z, nothing lies beyond the one with the greatest slope (ties broken as if x
  // were x + εy + ε²z).
  uint32_t best = edges.front();
  away = direction_from(vertex, best);
  for (const uint32_t edge : edges) {
    const Direction d = direction_from(vertex, edge);
    int later = minor_sign(away[1], d[0], d[1], away[0]);
    if (later == 0) later = minor_sign(away[1], d[2], d[1], away[2]);
    if (later > 0) best = edge, away = d;
  }
  const bool upright = away[0] == 0 && away[1] == 0;
  const Direction out = upright ? Direction{0, 1, 0} : Direction{away[1], -away[0], 0};
  const uint32_t begin = cells_.wings_begin[best], end = cells_.wings_begin[best + 1];
  const auto ahead_by = [&](const Wing& w) { return dot_sign(normal(w), out) * (w.up ? 1 : -1); };  // > 0: out is up to half a turn ahead
  const Wing& zero = cells_.wings[begin];
  const bool from_low = low_point(zero) == vertex;
  const Direction along = from_low ? away : Direction{-away[0], -away[1], -away[2]};
  const auto quarter = [](int sign) { return sign > 0 ? 1 : sign < 0 ? 3 : 2; };
  const int out_quarter = quarter(ahead_by(zero));
  uint32_t last = begin;  // wings come in order from zero on; the last before `out`
  for (uint32_t w = begin + 1; w < end; ++w) {
    const Wing& wing = cells_.wings[w];
    const int from_zero = quarter(dot_sign(cross(normal(zero), normal(wing)), along) * (zero.up == wing.up ? 1 : -1));
    if (from_zero != out_quarter ? from_zero < out_quarter : from_zero != 2 && ahead_by(wing) > 0) last = w;
  }
  return ahead(cells_.wings[last]);
}

void Classifier::cast(uint32_t vertex, const Direction& away, uint32_t shell, std::vector<int>& winding) {
  const GridPoint& p = soup_.grid[vertex];
  const Vec3 at{static_cast<float>(p[0]), static_cast<float>(p[1]), static_cast<float>(p[2])};
  const auto ahead_of = [&](const Box& box) {
    return box.high[0] >= at[0] && box.low[1] <= at[1] && box.high[1] >= at[1] && box.low[2] <= at[2] && box.high[2] >= at[2];
  };
  // A ray along x from the vertex moved by δ along the edge, then by ε along y and ε² along z.
  tree_.walk(ahead_of, [&](uint32_t index) {
    if (!ahead_of(boxes_[index]) || shells_.root(index) == shell) return;
    const SoupTriangle& t = soup_.triangles[index];
    const Plane& plane = soup_.planes[t.plane];
    const int facing = (plane.n[0] > 0 ? 1 : plane.n[0] < 0 ? -1 : 0) * t.turn;
    if (!facing) return;
    for (size_t k = 0; k < 3; ++k) {
      const GridPoint &a = soup_.grid[t.corner[k]], &b = soup_.grid[t.corner[(k + 1) % 3]];
      const int64_t y = int64_t{b[1]} - a[1], z = int64_t{b[2]} - a[2];
      int turn = sign_of(static_cast<Int128>(y * (p[2] - a[2]) - z * (p[1] - a[1])));
      if (turn == 0) turn = sign_of(y * away[2] - z * away[1]);
      if (turn == 0) turn = z < 0 ? 1 : z > 0 ? -1 : y > 0 ? 1 : -1;
      if (turn != facing) return;
    }
    int above = sign_of(static_cast<Int128>(height(plane, p)));
    if (above == 0) above = dot_sign(plane.n, away);
    if (above == 0) above = plane.n[1] ? (plane.n[1] > 0 ? 1 : -1) : (plane.n[2] > 0 ? 1 : -1);
    if (above * t.turn != facing) winding[t.operand] += facing;
  });
}

void Classifier::seed_shells(const CancelToken* cancel) {
  for (const SoupTriangle& t : soup_.triangles) {
    Box box = Box::empty();
    for (const uint32_t v : t.corner) {
      const GridPoint& p = soup_.grid[v];
      box.add(Vec3{static_cast<float>(p[0]), static_cast<float>(p[1]), static_cast<float>(p[2])});
    }
    boxes_.push_back(box);
  }
  tree_ = Bvh(boxes_);
  std::vector<uint32_t> largest(soup_.triangles.size(), ~uint32_t{0});  // vertex of each shell
  for (uint32_t i = 0; i < soup_.triangles.size(); ++i)
    for (const uint32_t v : soup_.triangles[i].corner) {
      uint32_t& best = largest[shells_.root(i)];
      if (best == ~uint32_t{0} || soup_.grid[best] < soup_.grid[v]) best = v;
    }
  std::vector<std::vector<uint32_t>> edges(soup_.triangles.size());
  for (uint32_t e = 0; e + 1 < cells_.wings_begin.size(); ++e) {
    const Wing& wing = cells_.wings[cells_.wings_begin[e]];
    const uint32_t shell = shells_.root(arrangement_.cycles[cycle(wing)].triangle);
    if (low_point(wing) == largest[shell] || high_point(wing) == largest[shell]) edges[shell].push_back(e);
  }
  std::vector<int> winding;
  for (uint32_t shell = 0; shell < edges.size(); ++shell) {
    if (edges[shell].empty()) continue;
    stop_if_cancelled(cancel);
    Direction away;
    const uint32_t cell = cell_of_[outer_node(largest[shell], edges[shell], away)];
    winding.assign(operands_, 0);
    cast(largest[shell], away, shell, winding);
    std::copy(winding.begin(), winding.end(), winding_.begin() + static_cast<std::ptrdiff_t>(cell * operands_));
    known_[cell] = 1;
  }
}

void Classifier::spread() {
  std::vector<std::pair<uint32_t, uint32_t>> faces;  // (cell, cycle), both ways
  for (uint32_t c = 0; c < arrangement_.cycles.size(); ++c) {
    if (!arrangement_.cycles[c].coverage) continue;
    faces.emplace_back(cell_of_[2 * c], c);
    faces.emplace_back(cell_of_[2 * c + 1], c);
  }
  std::sort(faces.begin(), faces.end());
  std::vector<uint32_t> queue;
  for (uint32_t cell = 0; cell < known_.size(); ++cell)
    if (known_[cell]) queue.push_back(cell);
  for (size_t at = 0; at < queue.size(); ++at) {
    const uint32_t cell = queue[at];
    for (auto face = std::lower_bound(faces.begin(), faces.end(), std::pair{cell, 0U}); face != faces.end() && face->first == cell; ++face) {
      const uint32_t below = cell_of_[2 * face->second], above = cell_of_[2 * face->second + 1], next = below == cell ? above : below;
      if (known_[next]) continue;
      known_[next] = 1;
      queue.push_back(next);
      const auto from = winding_.begin() + static_cast<std::ptrdiff_t>(cell * operands_), to = winding_.begin() + static_cast<std::ptrdiff_t>(next * operands_);
      std::copy(from, from + static_cast<std::ptrdiff_t>(operands_), to);
      for (const auto& [operand, fall] : arrangement_.coverages[arrangement_.cycles[face->second].coverage].falls) to[operand] += next == above ? -fall : fall;
    }
  }
  if (queue.size() != known_.size()) throw Failure({ErrorCode::internal, "boolean: a region of space was not reached"});
}

void Classifier::decide(const InsideRule& rule) {
  std::vector<uint8_t> inside(operands_, 0);
  if (rule(inside)) throw Failure({ErrorCode::invalid_argument, "the rule holds outside all operands: its solid has no bounds"});
  std::vector<char> answer(known_.size());
  for (size_t cell = 0; cell < known_.size(); ++cell) {
    for (size_t k = 0; k < operands_; ++k) inside[k] = winding_[cell * operands_ + k] > 0;
    answer[cell] = rule(inside);
  }
  cells_.inside.assign(cell_of_.size(), 0);
  for (uint32_t n = 0; n < cell_of_.size(); ++n)
    if (cell_of_[n] != ~uint32_t{0}) cells_.inside[n] = answer[cell_of_[n]];
}

}  // namespace

Cells classify(const Soup& soup, const PointTable& points, const Arrangement& arrangement, size_t operands, const InsideRule& rule, const CancelToken* cancel) {
  return Classifier(soup, points, arrangement, operands).run(rule, cancel);
}

}  // namespace ptah::detail
