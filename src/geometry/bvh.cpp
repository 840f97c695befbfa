#include "geometry/bvh.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace ptah {

Box Box::empty() {
  constexpr float far = std::numeric_limits<float>::max();
  return {{far, far, far}, {-far, -far, -far}};
}

Box Box::of(std::span<const Vec3> points) {
  Box box = empty();
  for (const Vec3& p : points) box.add(p);
  return box;
}

std::vector<Box> boxes_of_triangles(const Mesh& mesh) {
  std::vector<Box> out;
  for (const auto& [a, b, c] : mesh.triangles) out.push_back(Box::of(std::array{mesh.positions[a], mesh.positions[b], mesh.positions[c]}));
  return out;
}

Bvh::Bvh(std::span<const Box> boxes) : order_(boxes.size()) {
  if (boxes.empty()) return;
  std::iota(order_.begin(), order_.end(), 0U);
  std::vector<Vec3> centres;
  centres.reserve(boxes.size());
  for (const Box& box : boxes) centres.push_back((box.low + box.high) * 0.5F);
  nodes_.reserve(boxes.size());
  nodes_.emplace_back();
  split(0, boxes, centres, 0, static_cast<uint32_t>(boxes.size()));
}

void Bvh::split(uint32_t node, std::span<const Box> boxes, std::span<const Vec3> centres, uint32_t begin, uint32_t end) {
  Box box = Box::empty(), middle = Box::empty();
  for (uint32_t i = begin; i < end; ++i) {
    box.add(boxes[order_[i]]);
    middle.add(centres[order_[i]]);
  }
  nodes_[node].box = box;
  if (end - begin <= 4) {
    nodes_[node].first = begin;
    nodes_[node].count = end - begin;
    return;
  }
  const Vec3 size = middle.high - middle.low;
  const auto axis = static_cast<size_t>(std::max_element(size.begin(), size.end()) - size.begin());
  const uint32_t half = begin + (end - begin) / 2;
  std::nth_element(order_.begin() + begin, order_.begin() + half, order_.begin() + end, [&](uint32_t a, uint32_t b) {
    return std::pair{centres[a][axis], a} < std::pair{centres[b][axis], b};
  });
  const auto child = static_cast<uint32_t>(nodes_.size());
  nodes_[node].first = child;
  nodes_.emplace_back();
  nodes_.emplace_back();
  split(child, boxes, centres, begin, half);
  split(child + 1, boxes, centres, half, end);
}

}  // namespace ptah
