#include <algorithm>

#include "geometry/boolean/arrangement.h"
#include "geometry/bvh.h"

namespace ptah::detail {

namespace {

/// A point that may not have a number yet.
struct End {
  Point point;
  uint32_t index = ~uint32_t{0};
};

class Cutter {
 public:
  Cutter(const Soup& soup, PointTable& points, std::vector<Cut>& cuts) : soup_(soup), points_(points), cuts_(cuts) {}

  void cut(uint32_t first, uint32_t second) {
    const SoupTriangle &a = soup_.triangles[first], &b = soup_.triangles[second];
    if (a.plane == b.plane) return;
    const Plane &plane_a = soup_.planes[a.plane], &plane_b = soup_.planes[b.plane];
    std::array<int, 3> of_b, of_a;
    if (!crosses(b, plane_a, of_b) || !crosses(a, plane_b, of_a)) return;
    int shared = 0;
    for (const uint32_t v : a.corner)
      for (const uint32_t w : b.corner) shared += v == w;
    if (shared >= 2) return;
    std::array<End, 2> ends_a, ends_b;
    const int count_a = ends(a, of_a, plane_a, plane_b, ends_a);
    if (shared == 1 && count_a == 1) return;  // touches with the shared corner alone
    const int count_b = ends(b, of_b, plane_b, plane_a, ends_b);
    if (shared == 1 && count_b == 1) return;
    const int axis = largest_axis(cross(plane_a.n, plane_b.n));
    const auto order = [&](std::array<End, 2>& e, int count) {
      if (count == 1) {
        e[1] = e[0];
      } else if (compare(e[0].point, e[1].point, axis) > 0) {
        std::swap(e[0], e[1]);
      }
    };
    order(ends_a, count_a);
    order(ends_b, count_b);
    const End& low = pick(ends_a[0], ends_b[0], axis, 1);
    const End& high = pick(ends_a[1], ends_b[1], axis, -1);
    const int length = compare(high.point, low.point, axis);
    if (length < 0) return;
    const uint32_t from = number(low), to = length == 0 ? from : number(high);
    if (from == to && shared == 1) return;
    cuts_.push_back({a.plane, std::min(from, to), std::max(from, to), b.plane});
    cuts_.push_back({b.plane, std::min(from, to), std::max(from, to), a.plane});
  }

 private:
  bool crosses(const SoupTriangle& t, const Plane& plane, std::array<int, 3>& signs) const {
    for (size_t i = 0; i < 3; ++i) {
      const int64_t h = height(plane, soup_.grid[t.corner[i]]);
      signs[i] = h > 0 ? 1 : h < 0 ? -1 : 0;
    }
    return !(signs[0] == signs[1] && signs[1] == signs[2]);  // all zero would be the same plane
  }

  /// Where a triangle's outline meets the other plane: one or two points.
  int ends(const SoupTriangle& t, const std::array<int, 3>& signs, const Plane& own, const Plane& other, std::array<End, 2>& out) const {
    size_t count = 0;
    for (size_t i = 0; i < 3; ++i) {
      const size_t j = (i + 1) % 3;
      if (signs[i] == 0) {
        out[count++] = {points_[t.corner[i]], t.corner[i]};
      } else if (signs[i] * signs[j] < 0) {
        const uint32_t from = std::min(t.corner[i], t.corner[j]), to = std::max(t.corner[i], t.corner[j]);
        out[count++].point = meet(own, other, plane_along(soup_.grid[from], soup_.grid[to], own.axis));
      }
    }
    return static_cast<int>(count);
  }

  /// The later one for way 1, the earlier one for −1; one that has a number if they are equal.
  static const End& pick(const End& a, const End& b, int axis, int way) {
    const int order = compare(a.point, b.point, axis) * way;
    if (order == 0) return a.index != ~uint32_t{0} ? a : b;
    return order > 0 ? a : b;
  }

  uint32_t number(const End& end) { return end.index != ~uint32_t{0} ? end.index : points_.find_or_add(end.point); }

  const Soup& soup_;
  PointTable& points_;
  std::vector<Cut>& cuts_;
};

}  // namespace

std::vector<Cut> find_cuts(const Soup& soup, PointTable& points, size_t max_cuts, const CancelToken* cancel) {
  std::vector<Box> boxes;
  boxes.reserve(soup.triangles.size());
  for (const SoupTriangle& t : soup.triangles) {
    Box box = Box::empty();
    for (const uint32_t v : t.corner) {
      const GridPoint& p = soup.grid[v];
      box.add(Vec3{static_cast<float>(p[0]), static_cast<float>(p[1]), static_cast<float>(p[2])});
    }
    boxes.push_back(box);
  }
  const Bvh tree(boxes);
  std::vector<Cut> cuts;
  Cutter cutter(soup, points, cuts);
  for (uint32_t i = 0; i < boxes.size(); ++i) {
    if (i % 256 == 0) stop_if_cancelled(cancel);
    tree.walk([&](const Box& box) { return box.overlaps(boxes[i]); },
              [&](uint32_t j) {
                if (j > i && boxes[j].overlaps(boxes[i])) cutter.cut(i, j);
              });
    if (cuts.size() > 2 * max_cuts) throw Failure({ErrorCode::over_budget, fmt::format("the surfaces cut each other in more than {} places", max_cuts)});
  }
  std::sort(cuts.begin(), cuts.end());
  cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
  return cuts;
}

}  // namespace ptah::detail
