#include <algorithm>
#include <cmath>
#include <numeric>

#include "geometry/boolean/arrangement.h"

namespace ptah::detail {

namespace {

/// Where the operands lie, and the grid over that: a power of two of steps a unit, so that positions in binary fractions stay exact.
Result<void> lay_grid(std::span<const Mesh> operands, Soup& soup) {
  std::array<double, 3> low{INFINITY, INFINITY, INFINITY}, high{-INFINITY, -INFINITY, -INFINITY};
  for (size_t k = 0; k < operands.size(); ++k)
    for (const Vec3& p : operands[k].positions)
      for (size_t i = 0; i < 3; ++i) {
        if (!std::isfinite(p[i])) return fail(ErrorCode::invalid_argument, "operand {} has a position that is not finite", k);
        low[i] = std::min(low[i], double{p[i]});
        high[i] = std::max(high[i], double{p[i]});
      }
  double edge = 0;
  for (size_t i = 0; i < 3; ++i) edge = std::max(edge, high[i] - low[i]);
  if (!(edge > 0)) return {};
  soup.scale = std::exp2(19 - std::floor(std::log2(edge)));
  while (edge * soup.scale > 0x1p20 - 2) soup.scale /= 2;
  for (size_t i = 0; i < 3; ++i) soup.offset[i] = std::round((low[i] + high[i]) / 2 * soup.scale);
  return {};
}

/// Chains are closed if each edge is run as often one way as the other, vertices of equal position being one.
Result<void> check_closed(const Mesh& mesh, size_t number) {
  std::vector<uint32_t> order(mesh.positions.size()), first(mesh.positions.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return mesh.positions[a] < mesh.positions[b]; });
  for (size_t i = 0; i < order.size(); ++i) first[order[i]] = i && mesh.positions[order[i]] == mesh.positions[order[i - 1]] ? first[order[i - 1]] : order[i];
  std::vector<std::pair<uint64_t, int>> uses;
  uses.reserve(mesh.triangles.size() * 3);
  for (const Triangle& t : mesh.triangles)
    for (size_t i = 0; i < 3; ++i) {
      if (t[i] >= mesh.positions.size()) return fail(ErrorCode::invalid_argument, "operand {} has a triangle of vertices that it lacks", number);
      const uint32_t from = first[t[i]], to = t[(i + 1) % 3] < mesh.positions.size() ? first[t[(i + 1) % 3]] : from;
      if (from != to) uses.emplace_back(uint64_t{std::min(from, to)} << 32 | std::max(from, to), from < to ? 1 : -1);
    }
  std::sort(uses.begin(), uses.end());
  for (size_t i = 0; i < uses.size();) {
    int sum = 0;
    const uint64_t edge = uses[i].first;
    for (; i < uses.size() && uses[i].first == edge; ++i) sum += uses[i].second;
    if (sum) return fail(ErrorCode::invalid_argument, "operand {} is not closed: an edge has triangles on one side alone", number);
  }
  return {};
}

class GridBuilder {
 public:
  explicit GridBuilder(Soup& soup) : soup_(soup) {}

  uint32_t point(const Vec3& position) {
    GridPoint at;
    uint64_t key = 0;
    for (size_t i = 0; i < 3; ++i) {
      at[i] = static_cast<int32_t>(std::round(double{position[i]} * soup_.scale) - soup_.offset[i]);
      key = key << 21 | static_cast<uint64_t>(at[i] + (1 << 20));
      const auto [found, added] = soup_.coordinate[i].emplace(at[i], position[i]);
      if (!added && found->second != position[i]) found->second = NAN;
    }
    const auto [found, added] = points_.emplace(key, static_cast<uint32_t>(soup_.grid.size()));
    if (added) {
      soup_.grid.push_back(at);
      soup_.original.push_back(position);
    }
    return found->second;
  }

  uint32_t plane(const Plane& plane) {
    const std::array<int64_t, 4> key{plane.n[0], plane.n[1], plane.n[2], plane.d};
    const auto [found, added] = planes_.emplace(key, static_cast<uint32_t>(soup_.planes.size()));
    if (added) soup_.planes.push_back(plane);
    return found->second;
  }

 private:
  struct Hash {
    size_t operator()(const std::array<int64_t, 4>& key) const {
      uint64_t h = 0;
      for (const int64_t k : key) h = (h ^ (h >> 31) ^ static_cast<uint64_t>(k)) * 0x9E3779B97F4A7C15U;
      return h ^ (h >> 32);
    }
  };
  Soup& soup_;
  std::unordered_map<uint64_t, uint32_t> points_;
  std::unordered_map<std::array<int64_t, 4>, uint32_t, Hash> planes_;
};

}  // namespace

Result<Soup> make_soup(std::span<const Mesh> operands) {
  Soup soup;
  PTAH_TRY_VOID(lay_grid(operands, soup));
  GridBuilder builder(soup);
  for (size_t k = 0; k < operands.size(); ++k) {
    PTAH_TRY_VOID(check_closed(operands[k], k));
    std::vector<uint32_t> index;
    index.reserve(operands[k].positions.size());
    for (const Vec3& p : operands[k].positions) index.push_back(builder.point(p));
    for (const Triangle& t : operands[k].triangles) {
      SoupTriangle triangle{{index[t[0]], index[t[1]], index[t[2]]}, static_cast<uint32_t>(k), 0, 1};
      const auto& c = triangle.corner;
      const Plane plane = plane_through(soup.grid[c[0]], soup.grid[c[1]], soup.grid[c[2]], triangle.turn);
      if (triangle.turn == 0) continue;  // without area; the arrangement puts its middle point on the neighbours' edges
      triangle.plane = builder.plane(plane);
      soup.triangles.push_back(triangle);
    }
  }
  soup.plane_begin.assign(soup.planes.size() + 1, 0);
  for (const SoupTriangle& t : soup.triangles) ++soup.plane_begin[t.plane + 1];
  std::partial_sum(soup.plane_begin.begin(), soup.plane_begin.end(), soup.plane_begin.begin());
  soup.by_plane.resize(soup.triangles.size());
  std::vector<uint32_t> fill(soup.plane_begin.begin(), soup.plane_begin.end());
  for (uint32_t i = 0; i < soup.triangles.size(); ++i) soup.by_plane[fill[soup.triangles[i].plane]++] = i;
  return soup;
}

}  // namespace ptah::detail
