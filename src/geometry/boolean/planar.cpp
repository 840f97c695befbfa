#include <algorithm>
#include <numeric>

#include "geometry/boolean/arrangement.h"

namespace ptah::detail {

DisjointSets::DisjointSets(size_t count) : parent_(count) { std::iota(parent_.begin(), parent_.end(), 0U); }

uint32_t Arrangement::coverage_of(std::vector<std::pair<uint32_t, int>> falls) {
  std::sort(falls.begin(), falls.end());
  const auto [found, added] = known_.emplace(falls, static_cast<uint32_t>(coverages.size()));
  if (added) {
    Coverage coverage;
    coverage.source = falls.front().first;
    for (const auto& [operand, fall] : falls) {
      if (coverage.falls.empty() || coverage.falls.back().first != operand) coverage.falls.emplace_back(operand, 0);
      coverage.falls.back().second += fall;
    }
    coverages.push_back(std::move(coverage));
  }
  return found->second;
}

namespace {

struct Line {
  uint32_t a = 0, b = 0;  // along plane normal × other normal
  Plane other;
  int axis = 0, way = 1;  // coordinate along which its points are sorted, and whether it grows
  std::array<double, 2> direction{}, low{}, high{};
};

/// A triangle of the plane, as three half planes.
struct Region {
  uint32_t triangle = 0;
  std::array<Plane, 3> wall;
  std::array<int, 3> inner{};  // sign of the wall on which the triangle lies
  std::array<double, 2> low{}, high{};
};

constexpr double kMargin = 8 * kPointSlack;

bool apart(const std::array<double, 2>& low_a, const std::array<double, 2>& high_a, const std::array<double, 2>& low_b, const std::array<double, 2>& high_b) {
  return low_a[0] > high_b[0] || low_b[0] > high_a[0] || low_a[1] > high_b[1] || low_b[1] > high_a[1];
}

/// The arrangement of one plane.
class PlaneArranger {
 public:
  PlaneArranger(const Soup& soup, PointTable& points, Arrangement& out) : soup_(soup), points_(points), out_(out) {}

  void run(uint32_t plane, std::span<const Cut> cuts) {
    number_ = plane;
    plane_ = &soup_.planes[plane];
    i_ = static_cast<size_t>((plane_->axis + 1) % 3), j_ = static_cast<size_t>((plane_->axis + 2) % 3);
    collect(cuts);
    cross_lines(cuts);
    make_edges();
    make_cycles();
    cover();
    if (pieces_ > 1) join_holes();
  }

 private:
  void collect(std::span<const Cut> cuts);
  void add_line(uint32_t a, uint32_t b, const Plane& other);
  void cross_lines(std::span<const Cut> cuts);
  void cross_pair(uint32_t first, uint32_t second);
  void overlap(uint32_t line, uint32_t p);
  bool between(const Line& line, uint32_t p) const;
  void make_edges();
  bool before(uint32_t h1, uint32_t h2) const;
  void make_cycles();
  void cover();
  bool covers(const Region& region, uint32_t h) const;
  void join_holes();
  bool surrounds(uint32_t begin, uint32_t p) const;
  const std::array<double, 2> flat(uint32_t p) const { return {points_[p].at[i_], points_[p].at[j_]}; }
  const EdgeLine& line_of(uint32_t h) const { return out_.lines[h >> 1]; }

  struct SubEdge {
    uint64_t key;
    uint32_t from, to, line;
  };
  struct Piece {  // a connected part
    uint32_t leftmost = ~uint32_t{0}, outer = 0;
    std::array<double, 2> low{1e30, 1e30}, high{-1e30, -1e30};
    std::vector<uint32_t> bounded;  // a half edge of each covered cycle but the outer one
  };

  const Soup& soup_;
  PointTable& points_;
  Arrangement& out_;
  uint32_t number_ = 0;
  const Plane* plane_ = nullptr;
  size_t i_ = 0, j_ = 1;
  std::vector<Line> lines_;
  std::vector<Region> regions_;
  std::vector<std::pair<uint32_t, uint32_t>> marks_;  // (line, point on it)
  std::vector<SubEdge> edges_;
  std::vector<std::array<double, 2>> directions_;     // of edges
  std::vector<uint32_t> order_, outgoing_, corners_;  // corners: points, sorted
  std::vector<uint32_t> fan_begin_;
  uint32_t first_half_ = 0, first_cycle_ = 0;
  size_t pieces_ = 1;
  std::vector<uint32_t> piece_of_;  // of corners
};

void PlaneArranger::add_line(uint32_t a, uint32_t b, const Plane& other) {
  Line line{a, b, other};
  const Direction c = cross(plane_->n, other.n);
  line.axis = largest_axis(c);
  line.way = sign_of(c[static_cast<size_t>(line.axis)]);
  if (compare(points_[a], points_[b], line.axis) * line.way > 0) std::swap(line.a, line.b);
  line.direction = {static_cast<double>(c[i_]), static_cast<double>(c[j_])};
  const auto from = flat(a), to = flat(b);
  for (size_t k = 0; k < 2; ++k) {
    line.low[k] = std::min(from[k], to[k]) - kMargin;
    line.high[k] = std::max(from[k], to[k]) + kMargin;
  }
  lines_.push_back(line);
}

void PlaneArranger::collect(std::span<const Cut> cuts) {
  lines_.clear();
  regions_.clear();
  marks_.clear();
  for (uint32_t at = soup_.plane_begin[number_]; at < soup_.plane_begin[number_ + 1]; ++at) {
    const auto& corner = soup_.triangles[soup_.by_plane[at]].corner;
    Region region;
    region.triangle = soup_.by_plane[at];
    for (size_t k = 0; k < 3; ++k) {
      const uint32_t a = corner[k], b = corner[(k + 1) % 3];
      region.wall[k] = plane_along(soup_.grid[std::min(a, b)], soup_.grid[std::max(a, b)], plane_->axis);
      region.inner[k] = height(region.wall[k], soup_.grid[corner[(k + 2) % 3]]) > 0 ? 1 : -1;
      add_line(a, b, region.wall[k]);
    }
    for (size_t k = 0; k < 2; ++k) {
      region.low[k] = std::min({flat(corner[0])[k], flat(corner[1])[k], flat(corner[2])[k]}) - kMargin;
      region.high[k] = std::max({flat(corner[0])[k], flat(corner[1])[k], flat(corner[2])[k]}) + kMargin;
    }
    regions_.push_back(region);
  }
  for (const Cut& cut : cuts)
    if (cut.a != cut.b) add_line(cut.a, cut.b, soup_.planes[cut.other]);
}

void PlaneArranger::cross_lines(std::span<const Cut> cuts) {
  order_.resize(lines_.size());
  std::iota(order_.begin(), order_.end(), 0U);
  std::sort(order_.begin(), order_.end(), [&](uint32_t a, uint32_t b) { return std::pair{lines_[a].low[0], a} < std::pair{lines_[b].low[0], b}; });
  for (size_t at = 0; at < order_.size(); ++at)
    for (size_t other = at + 1; other < order_.size() && lines_[order_[other]].low[0] <= lines_[order_[at]].high[0]; ++other) {
      const Line &s = lines_[order_[at]], &t = lines_[order_[other]];
      if (!apart(s.low, s.high, t.low, t.high)) cross_pair(order_[at], order_[other]);
    }
  for (const Cut& cut : cuts) {
    if (cut.a != cut.b) continue;
    const auto p = flat(cut.a);
    for (uint32_t k = 0; k < lines_.size(); ++k)
      if (!apart(p, p, lines_[k].low, lines_[k].high) && side(lines_[k].other, points_[cut.a]) == 0) overlap(k, cut.a);
  }
}

void PlaneArranger::cross_pair(uint32_t first, uint32_t second) {
  const Line s = lines_[first], t = lines_[second];
  if (determinant(plane_->n, s.other.n, t.other.n) == 0) {
    if (side(s.other, points_[t.a]) != 0) return;
    overlap(first, t.a);
    overlap(first, t.b);
    overlap(second, s.a);
    overlap(second, s.b);
    return;
  }
  if (s.a == t.a || s.a == t.b || s.b == t.a || s.b == t.b) return;
  const int sa = side(t.other, points_[s.a]), sb = side(t.other, points_[s.b]);
  if (sa * sb > 0) return;
  const int ta = side(s.other, points_[t.a]), tb = side(s.other, points_[t.b]);
  if (ta * tb > 0) return;
  if (sa * sb < 0 && ta * tb < 0) {
    const uint32_t p = points_.find_or_add(meet(*plane_, s.other, t.other));
    marks_.emplace_back(first, p);
    marks_.emplace_back(second, p);
  } else if (sa * sb < 0) {
    marks_.emplace_back(first, ta == 0 ? t.a : t.b);
  } else if (ta * tb < 0) {
    marks_.emplace_back(second, sa == 0 ? s.a : s.b);
  }
}

bool PlaneArranger::between(const Line& line, uint32_t p) const {
  return compare(points_[line.a], points_[p], line.axis) * line.way < 0 && compare(points_[p], points_[line.b], line.axis) * line.way < 0;
}

void PlaneArranger::overlap(uint32_t line, uint32_t p) {
  if (p != lines_[line].a && p != lines_[line].b && between(lines_[line], p)) marks_.emplace_back(line, p);
}

void PlaneArranger::make_edges() {
  std::sort(marks_.begin(), marks_.end());
  marks_.erase(std::unique(marks_.begin(), marks_.end()), marks_.end());
  edges_.clear();
  size_t mark = 0;
  for (uint32_t k = 0; k < lines_.size(); ++k) {
    const Line& line = lines_[k];
    const size_t begin = mark;
    while (mark < marks_.size() && marks_[mark].first == k) ++mark;
    std::sort(marks_.begin() + static_cast<std::ptrdiff_t>(begin), marks_.begin() + static_cast<std::ptrdiff_t>(mark),
              [&](const auto& x, const auto& y) { return compare(points_[x.second], points_[y.second], line.axis) * line.way < 0; });
    uint32_t from = line.a;
    for (size_t m = begin; m <= mark; ++m) {
      const uint32_t to = m < mark ? marks_[m].second : line.b;
      edges_.push_back({uint64_t{std::min(from, to)} << 32 | std::max(from, to), from, to, k});
      from = to;
    }
  }
  std::sort(edges_.begin(), edges_.end(), [](const SubEdge& a, const SubEdge& b) { return std::pair{a.key, a.line} < std::pair{b.key, b.line}; });
  edges_.erase(std::unique(edges_.begin(), edges_.end(), [](const SubEdge& a, const SubEdge& b) { return a.key == b.key; }), edges_.end());
  first_half_ = static_cast<uint32_t>(out_.half_edges.size());
  directions_.clear();
  for (const SubEdge& e : edges_) {
    out_.half_edges.push_back({e.from});
    out_.half_edges.push_back({e.to});
    out_.lines.push_back({lines_[e.line].other, number_});
    directions_.push_back(lines_[e.line].direction);
  }
}

/// Whether h1 comes before h2 in counter-clockwise order round their origin, from the first axis on.
bool PlaneArranger::before(uint32_t h1, uint32_t h2) const {
  const double s1 = h1 & 1 ? -1 : 1, s2 = h2 & 1 ? -1 : 1;
  const auto &d1 = directions_[(h1 - first_half_) >> 1], &d2 = directions_[(h2 - first_half_) >> 1];
  const double x1 = s1 * d1[0], y1 = s1 * d1[1], x2 = s2 * d2[0], y2 = s2 * d2[1];
  const int half1 = y1 > 0 || (y1 == 0 && x1 > 0) ? 0 : 1, half2 = y2 > 0 || (y2 == 0 && x2 > 0) ? 0 : 1;
  if (half1 != half2) return half1 < half2;
  const double left = x1 * y2, right = y1 * x2, slack = 0x1p-48 * (std::abs(left) + std::abs(right));
  if (left - right > slack) return true;
  if (left - right < -slack) return false;
  return sign_of(determinant(plane_->n, line_of(h1).other.n, line_of(h2).other.n)) * s1 * s2 > 0;
}

void PlaneArranger::make_cycles() {
  const auto end_half = static_cast<uint32_t>(out_.half_edges.size());
  outgoing_.resize(end_half - first_half_);
  std::iota(outgoing_.begin(), outgoing_.end(), first_half_);
  std::sort(outgoing_.begin(), outgoing_.end(), [&](uint32_t a, uint32_t b) {
    const uint32_t p = out_.half_edges[a].origin, q = out_.half_edges[b].origin;
    return p != q ? p < q : a != b && before(a, b);
  });
  corners_.clear();
  fan_begin_.clear();
  for (uint32_t at = 0; at < outgoing_.size(); ++at) {
    const uint32_t p = out_.half_edges[outgoing_[at]].origin;
    if (corners_.empty() || corners_.back() != p) {
      corners_.push_back(p);
      fan_begin_.push_back(at);
    }
  }
  fan_begin_.push_back(static_cast<uint32_t>(outgoing_.size()));
  for (size_t c = 0; c < corners_.size(); ++c)
    for (uint32_t at = fan_begin_[c]; at < fan_begin_[c + 1]; ++at)
      out_.half_edges[outgoing_[at] ^ 1].next = outgoing_[at == fan_begin_[c] ? fan_begin_[c + 1] - 1 : at - 1];
  first_cycle_ = static_cast<uint32_t>(out_.cycles.size());
  for (uint32_t h = first_half_; h < end_half; ++h) out_.half_edges[h].cycle = ~uint32_t{0};
  for (uint32_t h = first_half_; h < end_half; ++h) {
    if (out_.half_edges[h].cycle != ~uint32_t{0}) continue;
    for (uint32_t at = h; out_.half_edges[at].cycle == ~uint32_t{0}; at = out_.half_edges[at].next)
      out_.half_edges[at].cycle = static_cast<uint32_t>(out_.cycles.size());
    out_.cycles.push_back({number_, 0, 0});
  }
  const auto corner = [&](uint32_t p) { return static_cast<uint32_t>(std::lower_bound(corners_.begin(), corners_.end(), p) - corners_.begin()); };
  pieces_ = 1;
  if (regions_.size() == 1 && edges_.size() == 3) return;
  DisjointSets sets(corners_.size());
  for (uint32_t h = first_half_; h < end_half; h += 2) sets.unite(corner(out_.half_edges[h].origin), corner(out_.target(h)));
  piece_of_.resize(corners_.size());
  uint32_t count = 0;
  for (uint32_t c = 0; c < corners_.size(); ++c) piece_of_[c] = sets.root(c) == c ? count++ : piece_of_[sets.root(c)];
  pieces_ = count;
}

bool PlaneArranger::covers(const Region& region, uint32_t h) const {
  const uint32_t u = out_.half_edges[h].origin, v = out_.target(h);
  const auto& corner = soup_.triangles[region.triangle].corner;
  const auto pu = flat(u), pv = flat(v);
  const std::array<double, 2> low{std::min(pu[0], pv[0]), std::min(pu[1], pv[1])}, high{std::max(pu[0], pv[0]), std::max(pu[1], pv[1])};
  if (apart(low, high, region.low, region.high)) return false;
  for (size_t k = 0; k < 3; ++k) {
    const int su = side(region.wall[k], points_[u]) * region.inner[k];
    if (su < 0) return false;
    const int sv = side(region.wall[k], points_[v]) * region.inner[k];
    if (sv < 0) return false;
    if (su == 0 && sv == 0) {
      const int64_t third = height(line_of(h).other, soup_.grid[corner[(k + 2) % 3]]);
      if ((h & 1 ? third : -third) < 0) return false;
    }
  }
  return true;
}

void PlaneArranger::cover() {
  std::vector<char> done(out_.cycles.size() - first_cycle_, 0);
  std::vector<std::pair<uint32_t, int>> falls;
  for (uint32_t h = first_half_; h < out_.half_edges.size(); ++h) {
    const uint32_t cycle = out_.half_edges[h].cycle;
    if (done[cycle - first_cycle_]) continue;
    done[cycle - first_cycle_] = 1;
    falls.clear();
    uint32_t first = ~uint32_t{0};
    for (const Region& region : regions_) {
      if (!covers(region, h)) continue;
      const SoupTriangle& t = soup_.triangles[region.triangle];
      falls.emplace_back(t.operand, t.turn);
      if (first == ~uint32_t{0}) {
        first = region.triangle;
      } else {
        out_.joined_triangles.emplace_back(first, region.triangle);
      }
    }
    if (first == ~uint32_t{0}) continue;
    out_.cycles[cycle].triangle = first;
    out_.cycles[cycle].coverage = out_.coverage_of(falls);
  }
}

/// Whether a point that is on no edge of the bounded cycle of a half edge lies inside it.
bool PlaneArranger::surrounds(uint32_t begin, uint32_t p) const {
  bool odd = false;
  uint32_t h = begin;
  do {
    const bool from = compare(points_[out_.half_edges[h].origin], points_[p], static_cast<int>(j_)) > 0;
    const bool to = compare(points_[out_.target(h)], points_[p], static_cast<int>(j_)) > 0;
    if (from != to) {
      const int left = (h & 1 ? 1 : -1) * side(line_of(h).other, points_[p]);
      odd ^= to ? left > 0 : left < 0;
    }
    h = out_.half_edges[h].next;
  } while (h != begin);
  return odd;
}

void PlaneArranger::join_holes() {
  std::vector<Piece> pieces(pieces_);
  for (uint32_t c = 0; c < corners_.size(); ++c) {
    Piece& piece = pieces[piece_of_[c]];
    const auto at = flat(corners_[c]);
    for (size_t k = 0; k < 2; ++k) {
      piece.low[k] = std::min(piece.low[k], at[k] - kMargin);
      piece.high[k] = std::max(piece.high[k], at[k] + kMargin);
    }
    const auto order = [&](uint32_t a, uint32_t b, size_t axis) { return compare(points_[corners_[a]], points_[corners_[b]], static_cast<int>(axis)); };
    if (piece.leftmost == ~uint32_t{0} || order(c, piece.leftmost, i_) < 0 || (order(c, piece.leftmost, i_) == 0 && order(c, piece.leftmost, j_) < 0))
      piece.leftmost = c;
  }
  for (Piece& piece : pieces) {  // to the left of the leftmost corner is the face outside: counter-clockwise after the last edge that goes up, if any
    const uint32_t begin = fan_begin_[piece.leftmost], end = fan_begin_[piece.leftmost + 1];
    uint32_t last = outgoing_[end - 1];
    for (uint32_t at = begin; at < end; ++at) {
      const auto& d = directions_[(outgoing_[at] - first_half_) >> 1];
      const double way = outgoing_[at] & 1 ? -1 : 1;
      if (way * d[1] > 0 || (d[1] == 0 && way * d[0] > 0)) last = outgoing_[at];
    }
    piece.outer = out_.half_edges[last].cycle;
  }
  std::vector<char> seen(out_.cycles.size() - first_cycle_, 0);
  for (uint32_t h = first_half_; h < out_.half_edges.size(); ++h) {
    const uint32_t cycle = out_.half_edges[h].cycle, p = out_.half_edges[h].origin;
    if (seen[cycle - first_cycle_]) continue;
    seen[cycle - first_cycle_] = 1;
    Piece& piece = pieces[piece_of_[static_cast<size_t>(std::lower_bound(corners_.begin(), corners_.end(), p) - corners_.begin())]];
    if (cycle != piece.outer && out_.cycles[cycle].coverage) piece.bounded.push_back(h);
  }
  // Whatever surrounds a covered outer cycle is covered; the innermost that surrounds it is the one that most others surround.
  std::vector<std::vector<std::pair<size_t, uint32_t>>> around(pieces.size());
  for (size_t a = 0; a < pieces.size(); ++a) {
    if (!out_.cycles[pieces[a].outer].coverage) continue;
    const uint32_t p = corners_[pieces[a].leftmost];
    const auto at = flat(p);
    for (size_t b = 0; b < pieces.size(); ++b) {
      if (a == b || apart(at, at, pieces[b].low, pieces[b].high)) continue;
      for (const uint32_t h : pieces[b].bounded)
        if (surrounds(h, p)) {
          around[a].emplace_back(b, out_.half_edges[h].cycle);
          break;
        }
    }
  }
  for (size_t a = 0; a < pieces.size(); ++a) {
    const auto inner =
        std::max_element(around[a].begin(), around[a].end(), [&](const auto& x, const auto& y) { return around[x.first].size() < around[y.first].size(); });
    if (inner != around[a].end()) out_.joined_cycles.emplace_back(pieces[a].outer, inner->second);
  }
}

}  // namespace

Arrangement arrange(const Soup& soup, PointTable& points, std::span<const Cut> cuts, const CancelToken* cancel) {
  Arrangement out;
  out.half_edges.reserve(soup.triangles.size() * 6);
  out.lines.reserve(soup.triangles.size() * 3);
  PlaneArranger arranger(soup, points, out);
  size_t at = 0;
  for (uint32_t plane = 0; plane < soup.planes.size(); ++plane) {
    if (plane % 64 == 0) stop_if_cancelled(cancel);
    const size_t begin = at;
    while (at < cuts.size() && cuts[at].plane == plane) ++at;
    arranger.run(plane, cuts.subspan(begin, at - begin));
  }
  return out;
}

}  // namespace ptah::detail
