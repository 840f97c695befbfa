#include <algorithm>

#include "geometry/boolean/arrangement.h"

namespace ptah::detail {

namespace {

constexpr uint32_t kNone = ~uint32_t{0};

/// From kept faces to polygons: faces of one plane, side and source are one; the corners round a point that follow one another over the polygons' edges
/// are one vertex.
class SurfaceMaker {
 public:
  SurfaceMaker(const Soup& soup, const PointTable& points, const Arrangement& arrangement, const Cells& cells)
      : soup_(soup), points_(points), arrangement_(arrangement), cells_(cells), regions_(arrangement.cycles.size()), corners_(arrangement.half_edges.size()) {}

  Surface run() {
    pair_edges();
    for (const auto& [a, b] : arrangement_.joined_cycles)
      if (cells_.kept(a)) regions_.unite(a, b);
    unite_corners();
    find_vertices();
    trace();
    find_doubles();
    fill();
    return std::move(out_);
  }

 private:
  bool faces_up(uint32_t cycle) const { return cells_.inside[2 * cycle] && !cells_.inside[2 * cycle + 1]; }
  uint32_t cycle(uint32_t h) const { return arrangement_.half_edges[h].cycle; }
  uint32_t source(uint32_t h) const { return arrangement_.coverages[arrangement_.cycles[cycle(h)].coverage].source; }
  uint32_t origin(uint32_t h) const { return arrangement_.half_edges[h].origin; }
  void pair_edges();
  void unite_corners();
  void find_vertices();
  void trace();
  void find_doubles();
  void fill();
  bool straight(uint32_t h) const;

  /// A side of a polygon.
  struct Side {
    uint32_t from, to;  // vertices, as the polygon has them on its left seen from the tip of the plane's normal
    uint32_t key;       // of the two sides of one edge
    uint32_t middle = kNone;
  };
  struct Loop {
    uint32_t region;
    std::vector<Corner> corners;
    std::vector<Side> sides;
  };

  const Soup& soup_;
  const PointTable& points_;
  const Arrangement& arrangement_;
  const Cells& cells_;
  DisjointSets regions_, corners_;
  std::vector<uint32_t> partner_;  // of half edges on an outline; themselves where faces are merged; else none
  std::vector<uint32_t> next_, previous_;
  std::vector<uint32_t> vertex_;  // of corners; none if removed
  std::vector<Loop> loops_;
  Surface out_;
};

void SurfaceMaker::pair_edges() {
  partner_.assign(arrangement_.half_edges.size(), kNone);
  std::vector<uint32_t> kept;
  for (size_t e = 0; e + 1 < cells_.wings_begin.size(); ++e) {
    kept.clear();
    for (uint32_t w = cells_.wings_begin[e]; w < cells_.wings_begin[e + 1]; ++w)
      if (cells_.kept(cycle(cells_.wings[w].half_edge))) kept.push_back(w);
    if (kept.empty()) continue;
    const uint32_t h0 = cells_.wings[kept[0]].half_edge;
    if (kept.size() == 2) {
      const uint32_t h1 = cells_.wings[kept[1]].half_edge;
      if ((h0 ^ 1) == h1 && faces_up(cycle(h0)) == faces_up(cycle(h1)) && source(h0) == source(h1)) {
        partner_[h0] = h0;
        partner_[h1] = h1;
        regions_.unite(cycle(h0), cycle(h1));
        continue;
      }
    }
    if (kept.size() % 2) throw Failure({ErrorCode::internal, "boolean: an edge of the result has an odd number of faces"});
    for (size_t k = 0; k < kept.size(); ++k) {
      const Wing &wing = cells_.wings[kept[k]], &following = cells_.wings[kept[(k + 1) % kept.size()]];
      if (!cells_.inside[2 * cycle(wing.half_edge) + (wing.up ? 1 : 0)]) continue;  // the solid lies ahead
      partner_[wing.half_edge] = following.half_edge;
      partner_[following.half_edge] = wing.half_edge;
    }
  }
}

void SurfaceMaker::unite_corners() {
  next_.assign(partner_.size(), kNone);
  previous_.assign(partner_.size(), kNone);
  for (uint32_t h = 0; h < partner_.size(); ++h) {
    if (partner_[h] == kNone || partner_[h] == h) continue;
    uint32_t g = arrangement_.half_edges[h].next;
    while (partner_[g] == g) g = arrangement_.half_edges[g ^ 1].next;
    next_[h] = g;
    previous_[g] = h;
  }
  for (uint32_t h = 0; h < partner_.size(); ++h) {
    if (next_[h] == kNone) continue;
    const uint32_t g = partner_[h];
    const bool same_way = origin(g) == origin(h);
    corners_.unite(h, same_way ? g : next_[g]);
    corners_.unite(next_[h], same_way ? next_[g] : g);
  }
}

bool SurfaceMaker::straight(uint32_t h) const {
  const uint32_t before = origin(previous_[h]), after = arrangement_.target(h);
  return before != after && side(arrangement_.lines[h >> 1].other, points_[before]) == 0;
}

void SurfaceMaker::find_vertices() {
  std::vector<uint32_t> count(partner_.size(), 0);
  for (uint32_t h = 0; h < partner_.size(); ++h)
    if (next_[h] != kNone) ++count[corners_.root(h)];
  std::vector<uint32_t> number(partner_.size(), kNone);
  vertex_.assign(partner_.size(), kNone);
  for (uint32_t h = 0; h < partner_.size(); ++h) {
    if (next_[h] == kNone) continue;
    const uint32_t root = corners_.root(h);
    if (count[root] == 2 && straight(h)) continue;
    if (number[root] == kNone) {
      number[root] = static_cast<uint32_t>(out_.point.size());
      out_.point.push_back(origin(h));
    }
    vertex_[h] = number[root];
  }
  out_.point_2.assign(out_.point.size(), kNone);
}

void SurfaceMaker::trace() {
  std::vector<char> seen(partner_.size(), 0);
  for (uint32_t begin = 0; begin < partner_.size(); ++begin) {
    if (next_[begin] == kNone || seen[begin] || vertex_[begin] == kNone) continue;
    Loop loop{regions_.root(cycle(begin)), {}, {}};
    uint32_t h = begin;
    do {
      seen[h] = 1;
      loop.corners.push_back({origin(h), vertex_[h]});
      uint32_t last = h;
      while (vertex_[next_[last]] == kNone) last = next_[last];
      loop.sides.push_back({vertex_[h], vertex_[next_[last]], std::min({h, last, partner_[h], partner_[last]})});
      h = next_[last];
    } while (h != begin);
    loops_.push_back(std::move(loop));
  }
  std::stable_sort(loops_.begin(), loops_.end(), [](const Loop& a, const Loop& b) { return a.region < b.region; });
}

/// Edges between the same two vertices (solids that touch along an edge and hang together elsewhere) get a vertex each in their middle.
void SurfaceMaker::find_doubles() {
  std::vector<std::array<uint32_t, 3>> edges;
  for (const Loop& loop : loops_)
    for (const Side& side : loop.sides) edges.push_back({std::min(side.from, side.to), std::max(side.from, side.to), side.key});
  std::sort(edges.begin(), edges.end());
  edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
  std::map<uint32_t, uint32_t> middle;
  for (size_t e = 0; e < edges.size(); ++e) {
    const auto equal = [&](size_t other) { return edges[e][0] == edges[other][0] && edges[e][1] == edges[other][1]; };
    if (!(e && equal(e - 1)) && !(e + 1 < edges.size() && equal(e + 1))) continue;
    middle.emplace(edges[e][2], static_cast<uint32_t>(out_.point.size()));
    out_.point.push_back(out_.point[edges[e][0]]);
    out_.point_2.push_back(out_.point[edges[e][1]]);
  }
  if (middle.empty()) return;
  for (Loop& loop : loops_)
    for (Side& side : loop.sides)
      if (const auto found = middle.find(side.key); found != middle.end()) side.middle = found->second;
}

void SurfaceMaker::fill() {
  std::vector<Triangle> triangles;
  for (size_t begin = 0; begin < loops_.size();) {
    size_t end = begin;
    std::vector<std::vector<Corner>> outline;
    while (end < loops_.size() && loops_[end].region == loops_[begin].region) outline.push_back(loops_[end++].corners);
    const uint32_t region = loops_[begin].region;
    triangles.clear();
    triangulate(points_, soup_.planes[arrangement_.cycles[region].plane].axis, std::move(outline), triangles);
    for (size_t l = begin; l < end; ++l)
      for (const Side& side : loops_[l].sides) {
        if (side.middle == kNone) continue;
        for (size_t t = 0, count = triangles.size(); t < count; ++t)
          for (size_t k = 0; k < 3; ++k) {
            Triangle& triangle = triangles[t];
            if (triangle[k] != side.from || triangle[(k + 1) % 3] != side.to) continue;
            Triangle half = triangle;
            half[k] = side.middle;
            triangle[(k + 1) % 3] = side.middle;
            triangles.push_back(half);
            break;
          }
      }
    const bool up = faces_up(region);
    const uint32_t from = arrangement_.coverages[arrangement_.cycles[region].coverage].source;
    for (const Triangle& t : triangles) {
      out_.triangles.push_back(up ? t : Triangle{t[0], t[2], t[1]});
      out_.source.push_back(from);
    }
    begin = end;
  }
}

}  // namespace

Surface make_surface(const Soup& soup, const PointTable& points, const Arrangement& arrangement, const Cells& cells) {
  return SurfaceMaker(soup, points, arrangement, cells).run();
}

}  // namespace ptah::detail
