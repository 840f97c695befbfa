// A tree of boxes.
#pragma once

#include <algorithm>
#include <array>
#include <span>

#include "geometry/mesh.h"

namespace ptah {

struct Box {
  Vec3 low{}, high{};
  bool overlaps(const Box& other) const {
    for (size_t i = 0; i < 3; ++i)
      if (low[i] > other.high[i] || other.low[i] > high[i]) return false;
    return true;
  }
  void add(const Vec3& p) {
    for (size_t i = 0; i < 3; ++i) {
      if (p[i] < low[i]) low[i] = p[i];
      if (p[i] > high[i]) high[i] = p[i];
    }
  }
  void add(const Box& other) {
    add(other.low);
    add(other.high);
  }
  /// The box that holds nothing.
  static Box empty();
  static Box of(std::span<const Vec3> points);
};

/// The box of each triangle.
std::vector<Box> boxes_of_triangles(const Mesh& mesh);

/// A bounding volume hierarchy over boxes, split at the median of the longest edge of their centres. The same for the same boxes.
class Bvh {
 public:
  Bvh() = default;
  explicit Bvh(std::span<const Box> boxes);
  size_t size() const { return order_.size(); }

  /// visit(i) for every box i whose tree nodes all satisfy keep(box); boxes of leaves are not looked at one by one.
  template <class Keep, class Visit>
  void walk(const Keep& keep, const Visit& visit) const {
    if (nodes_.empty()) return;
    std::array<uint32_t, 64> stack;
    size_t top = 0;
    stack[top++] = 0;
    while (top) {
      const Node& node = nodes_[stack[--top]];
      if (!keep(node.box)) continue;
      if (node.count) {
        for (uint32_t i = 0; i < node.count; ++i) visit(order_[node.first + i]);
      } else {
        stack[top++] = node.first + 1;
        stack[top++] = node.first;
      }
    }
  }

  /// The box with the least cost: bound(box) is a lower bound of cost over everything in a box, cost(i) that of box i. `best` is a cost that is known to be
  /// reachable, or infinity; returns the index and the cost, or (~0, best) if nothing is below.
  template <class Bound, class Cost>
  std::pair<uint32_t, double> min_cost(const Bound& bound, const Cost& cost, double best) const {
    uint32_t found = ~uint32_t{0};
    if (nodes_.empty()) return {found, best};
    std::array<std::pair<double, uint32_t>, 64> stack;
    size_t top = 0;
    stack[top++] = {bound(nodes_[0].box), 0};
    while (top) {
      const auto [lower, index] = stack[--top];
      if (lower >= best) continue;
      const Node& node = nodes_[index];
      if (node.count) {
        for (uint32_t i = 0; i < node.count; ++i) {
          const double here = cost(order_[node.first + i]);
          if (here < best) best = here, found = order_[node.first + i];
        }
        continue;
      }
      const double left = bound(nodes_[node.first].box), right = bound(nodes_[node.first + 1].box);
      const bool left_first = left <= right;
      stack[top++] = left_first ? std::pair{right, node.first + 1} : std::pair{left, node.first};
      stack[top++] = left_first ? std::pair{left, node.first} : std::pair{right, node.first + 1};
    }
    return {found, best};
  }

 private:
  struct Node {
    Box box;
    uint32_t first = 0, count = 0;  // of boxes in a leaf; else the first of two children, and 0
  };
  void split(uint32_t node, std::span<const Box> boxes, std::span<const Vec3> centres, uint32_t begin, uint32_t end);

  std::vector<Node> nodes_;
  std::vector<uint32_t> order_;
};

/// Of a point from a box; 0 inside.
inline double squared_distance(const std::array<double, 3>& p, const Box& box) {
  double sum = 0;
  for (size_t k = 0; k < 3; ++k) {
    const double gap = std::max({0.0, static_cast<double>(box.low[k]) - p[k], p[k] - static_cast<double>(box.high[k])});
    sum += gap * gap;
  }
  return sum;
}

}  // namespace ptah
