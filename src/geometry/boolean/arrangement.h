// The planes, points, edges and faces into which the triangles of all operands cut each other (after Zhou, Grinspun, Zorin and Jacobson, "Mesh
// Arrangements for Solid Geometry", 2016; here each plane is cut once, so that surfaces that lie in one plane meet in the same faces).
#pragma once

#include <map>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/progress.h"
#include "geometry/boolean.h"
#include "geometry/boolean/exact.h"

namespace ptah::detail {

/// Points by number; equal points have one.
class PointTable {
 public:
  /// Points of the grid come first, each once.
  explicit PointTable(std::span<const GridPoint> grid = {});
  uint32_t find_or_add(const Point& p);
  const Point& operator[](uint32_t index) const { return points_[index]; }
  size_t size() const { return points_.size(); }

 private:
  void link(uint32_t index);
  void grow();
  std::vector<Point> points_;
  std::vector<uint32_t> first_, next_;
};

struct SoupTriangle {
  Triangle corner;  ///< points
  uint32_t operand = 0, plane = 0;
  int turn = 1;  ///< 1 if its outside is where the plane's normal points
};

/// The operands on one grid.
struct Soup {
  std::vector<GridPoint> grid;  ///< of the first points
  std::vector<Vec3> original;   ///< where these were before snapping
  std::vector<SoupTriangle> triangles;
  std::vector<Plane> planes;
  std::vector<uint32_t> by_plane, plane_begin;  ///< triangles in the order of their planes; size planes + 1
  std::array<double, 3> offset{};               ///< position = (grid + offset) / scale
  double scale = 1;
  std::array<std::unordered_map<int32_t, float>, 3> coordinate;  ///< what a grid coordinate was in the operands, where all agree
};
/// Errors: invalid_argument (operand not closed, a position that is not finite).
Result<Soup> make_soup(std::span<const Mesh> operands);

/// What a triangle in another plane leaves in a plane: a segment, or a point if a == b.
struct Cut {
  uint32_t plane = 0, a = 0, b = 0, other = 0;
  auto operator<=>(const Cut&) const = default;  // NOLINT(modernize-use-nullptr): clang-tidy 14 reads 0 in it
};
std::vector<Cut> find_cuts(const Soup& soup, PointTable& points, size_t max_cuts, const CancelToken* cancel);

/// Half edges lie in pairs: the other half of h is h ^ 1. The face is on the left, seen from the tip of the plane's normal.
struct HalfEdge {
  uint32_t origin = 0, next = 0, cycle = 0;
};
/// Of both halves of an edge; the first one runs along (plane's normal × other's normal).
struct EdgeLine {
  Plane other;  ///< the edge lies in the plane and in this one
  uint32_t plane = 0;
};
/// One boundary of a face of a plane.
struct Cycle {
  uint32_t plane = 0, coverage = 0;
  uint32_t triangle = 0;  ///< one of the triangles that cover it
};
/// What lies on a face: (operand, by how much its winding number falls towards the normal's side), and the lowest operand. The first is nothing.
struct Coverage {
  std::vector<std::pair<uint32_t, int>> falls;
  uint32_t source = ~uint32_t{0};
};

struct Arrangement {
  std::vector<HalfEdge> half_edges;
  std::vector<EdgeLine> lines;
  std::vector<Cycle> cycles;
  std::vector<Coverage> coverages{Coverage{}};
  std::vector<std::pair<uint32_t, uint32_t>> joined_cycles;     ///< boundaries of one face
  std::vector<std::pair<uint32_t, uint32_t>> joined_triangles;  ///< triangles that cover the same face

  uint32_t target(uint32_t h) const { return half_edges[h ^ 1].origin; }
  uint32_t coverage_of(std::vector<std::pair<uint32_t, int>> falls);

 private:
  std::map<std::vector<std::pair<uint32_t, int>>, uint32_t> known_;
};
Arrangement arrange(const Soup& soup, PointTable& points, std::span<const Cut> cuts, const CancelToken* cancel);

/// Finds sets that were united.
class DisjointSets {
 public:
  explicit DisjointSets(size_t count);
  uint32_t root(uint32_t i) {
    while (parent_[i] != i) i = parent_[i] = parent_[parent_[i]];
    return i;
  }
  void unite(uint32_t a, uint32_t b) {
    a = root(a), b = root(b);
    if (a != b) parent_[std::max(a, b)] = std::min(a, b);
  }

 private:
  std::vector<uint32_t> parent_;
};

/// A face at an edge in space.
struct Wing {
  uint64_t edge = 0;       ///< the edge's points, the lower one in the upper half
  uint32_t half_edge = 0;  ///< its half that has the face on the left
  bool up = true;          ///< the plane's normal points counter-clockwise round the edge, from the lower point to the higher
};
/// The space between the faces.
struct Cells {
  std::vector<Wing> wings;            ///< by edge, and counter-clockwise round each
  std::vector<uint32_t> wings_begin;  ///< of each edge; one more than edges
  std::vector<char> inside;           ///< of node 2 · cycle (below the face) and 2 · cycle + 1 (above)
  bool kept(uint32_t cycle) const { return inside[2 * cycle] != inside[2 * cycle + 1]; }
};
Cells classify(const Soup& soup, const PointTable& points, const Arrangement& arrangement, size_t operands, const InsideRule& rule, const CancelToken* cancel);

/// The kept faces as few triangles, and what each vertex was.
struct Surface {
  std::vector<uint32_t> point;    ///< of each vertex
  std::vector<uint32_t> point_2;  ///< the vertex lies in the middle between `point` and this one, if it is not ~0
  std::vector<Triangle> triangles;
  std::vector<uint32_t> source;
};
Surface make_surface(const Soup& soup, const PointTable& points, const Arrangement& arrangement, const Cells& cells);

/// One corner of a polygon.
struct Corner {
  uint32_t point = 0, vertex = 0;
};
/// Triangulates a polygon in a plane of the given axis: loops with the polygon on their left, one of them outermost. Exact, then made Delaunay.
void triangulate(const PointTable& points, int axis, std::vector<std::vector<Corner>> loops, std::vector<Triangle>& out);

/// Puts vertices where they are in space, apart where several lie at one point; removes what rounding made degenerate and vertices that carry no shape.
BooleanResult finish(const Soup& soup, const PointTable& points, const Surface& surface, const BooleanOptions& options);

}  // namespace ptah::detail
