#include "geometry/cloud/neighbours.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "geometry/bvh.h"

namespace ptah {

namespace {

constexpr double kPointsPerCell = 3;
constexpr int64_t kMaxCellsAlong = 512;

}  // namespace

PointGrid::PointGrid(std::span<const Vec3> points) : points_(points) {
  const Box box = points.empty() ? Box{} : Box::of(points);
  low_ = box.low;
  const Vec3 size = box.high - box.low;
  const float longest = std::max({size[0], size[1], size[2], 1e-20F});
  // Points lie on surfaces: about as many cells are taken as the square of cells along an edge.
  const auto along = std::clamp<int64_t>(static_cast<int64_t>(std::sqrt(static_cast<double>(points.size()) / kPointsPerCell)), 1, kMaxCellsAlong);
  edge_ = longest / static_cast<float>(along);
  for (size_t k = 0; k < 3; ++k) cells_[k] = std::min<int64_t>(static_cast<int64_t>(size[k] / edge_) + 1, along + 1);
  const auto index = [&](const Vec3& p) {
    const auto c = cell_of(p);
    return static_cast<size_t>((c[2] * cells_[1] + c[1]) * cells_[0] + c[0]);
  };
  begin_.assign(static_cast<size_t>(cells_[0] * cells_[1] * cells_[2]) + 1, 0);
  for (const Vec3& p : points) ++begin_[index(p) + 1];
  std::partial_sum(begin_.begin(), begin_.end(), begin_.begin());
  order_.resize(points.size());
  std::vector<uint32_t> next(begin_.begin(), begin_.end() - 1);
  for (uint32_t i = 0; i < points.size(); ++i) order_[next[index(points[i])]++] = i;
}

std::array<int64_t, 3> PointGrid::cell_of(const Vec3& place) const {
  std::array<int64_t, 3> out{};
  for (size_t k = 0; k < 3; ++k) out[k] = std::clamp<int64_t>(static_cast<int64_t>(std::floor((place[k] - low_[k]) / edge_)), 0, cells_[k] - 1);
  return out;
}

std::vector<uint32_t> PointGrid::nearest(const Vec3& place, size_t count) const {
  count = std::min(count, points_.size());
  std::vector<std::pair<float, uint32_t>> found;
  if (count == 0) return {};
  const auto middle = cell_of(place);
  const auto look = [&](int64_t x, int64_t y, int64_t z) {
    const auto cell = static_cast<size_t>((z * cells_[1] + y) * cells_[0] + x);
    for (uint32_t i = begin_[cell]; i < begin_[cell + 1]; ++i) {
      const Vec3 away = points_[order_[i]] - place;
      found.emplace_back(dot(away, away), order_[i]);
    }
  };
  const int64_t farthest = std::max({cells_[0], cells_[1], cells_[2]});
  for (int64_t ring = 0; ring <= farthest; ++ring) {
    for (int64_t z = std::max<int64_t>(0, middle[2] - ring); z <= std::min(cells_[2] - 1, middle[2] + ring); ++z)
      for (int64_t y = std::max<int64_t>(0, middle[1] - ring); y <= std::min(cells_[1] - 1, middle[1] + ring); ++y) {
        const bool whole = std::abs(z - middle[2]) == ring || std::abs(y - middle[1]) == ring;
        for (int64_t x = std::max<int64_t>(0, middle[0] - ring); x <= std::min(cells_[0] - 1, middle[0] + ring); ++x)
          if (whole || std::abs(x - middle[0]) == ring) look(x, y, z);
      }
    if (found.size() < count) continue;
    std::nth_element(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(count - 1), found.end());
    // What lies outside the rings is at least as far as their border, if the place lies in its cell.
    const float reach = static_cast<float>(ring) * edge_;
    if (found[count - 1].first <= reach * reach) break;
  }
  std::sort(found.begin(), found.end());
  std::vector<uint32_t> out;
  for (size_t i = 0; i < count; ++i) out.push_back(found[i].second);
  return out;
}

}  // namespace ptah
