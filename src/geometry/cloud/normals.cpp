#include "geometry/cloud/normals.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <queue>

#include "base/parallel.h"
#include "geometry/cloud/neighbours.h"

namespace ptah {

namespace {

using Symmetric = std::array<double, 6>;  ///< xx, yy, zz, xy, xz, yz

/// The direction in which points spread least: of the least eigenvalue, by the formula for symmetric 3 × 3 matrices (Smith 1961) and cross products.
Vec3 thinnest(const Symmetric& m) {
  const double off = m[3] * m[3] + m[4] * m[4] + m[5] * m[5], mean = (m[0] + m[1] + m[2]) / 3;
  const std::array<double, 3> d{m[0] - mean, m[1] - mean, m[2] - mean};
  const double p = std::sqrt((d[0] * d[0] + d[1] * d[1] + d[2] * d[2] + 2 * off) / 6);
  if (!(p > 0)) return {0, 1, 0};
  const double det = (d[0] * (d[1] * d[2] - m[5] * m[5]) - m[3] * (m[3] * d[2] - m[5] * m[4]) + m[4] * (m[3] * m[5] - d[1] * m[4])) / (p * p * p) / 2;
  const double angle = std::acos(std::clamp(det, -1.0, 1.0)) / 3, least = mean + 2 * p * std::cos(angle + 2.0943951023931953);
  const std::array<std::array<double, 3>, 3> rows{{{m[0] - least, m[3], m[4]}, {m[3], m[1] - least, m[5]}, {m[4], m[5], m[2] - least}}};
  std::array<double, 3> best{0, 1, 0};
  double longest = 0;
  for (size_t i = 0; i < 3; ++i) {
    const auto &a = rows[i], &b = rows[(i + 1) % 3];
    const std::array<double, 3> c{a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
    const double square = c[0] * c[0] + c[1] * c[1] + c[2] * c[2];
    if (square > longest) longest = square, best = c;
  }
  const double scale = longest > 0 ? 1 / std::sqrt(longest) : 1;
  return {static_cast<float>(best[0] * scale), static_cast<float>(best[1] * scale), static_cast<float>(best[2] * scale)};
}

Vec3 plane_normal(const std::vector<Vec3>& points, const std::vector<uint32_t>& near) {
  std::array<double, 3> mean{};
  for (const uint32_t i : near)
    for (size_t k = 0; k < 3; ++k) mean[k] += static_cast<double>(points[i][k]) / static_cast<double>(near.size());
  Symmetric sum{};
  for (const uint32_t i : near) {
    const double x = points[i][0] - mean[0], y = points[i][1] - mean[1], z = points[i][2] - mean[2];
    sum[0] += x * x, sum[1] += y * y, sum[2] += z * z, sum[3] += x * y, sum[4] += x * z, sum[5] += y * z;
  }
  return thinnest(sum);
}

/// Turns normals from one to the next, along the edges where they agree best.
void orient(const std::vector<Vec3>& points, const std::vector<std::vector<uint32_t>>& near, std::vector<Vec3>& normals) {
  std::vector<std::vector<uint32_t>> links = near;  // both ways
  for (uint32_t i = 0; i < near.size(); ++i)
    for (const uint32_t j : near[i]) links[j].push_back(i);
  std::vector<uint32_t> order(points.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return points[a][1] > points[b][1]; });
  std::vector<char> done(points.size());
  struct Edge {
    float turn;
    uint32_t to, from;
    bool operator<(const Edge& other) const { return std::tie(turn, to, from) > std::tie(other.turn, other.to, other.from); }
  };
  std::priority_queue<Edge> waiting;
  const auto reach = [&](uint32_t i) {
    done[i] = 1;
    for (const uint32_t j : links[i])
      if (!done[j]) waiting.push({1 - std::abs(dot(normals[i], normals[j])), j, i});
  };
  for (const uint32_t top : order) {
    if (done[top]) continue;
    if (normals[top][1] < 0) normals[top] = normals[top] * -1.0F;
    reach(top);
    while (!waiting.empty()) {
      const Edge edge = waiting.top();
      waiting.pop();
      if (done[edge.to]) continue;
      if (dot(normals[edge.from], normals[edge.to]) < 0) normals[edge.to] = normals[edge.to] * -1.0F;
      reach(edge.to);
    }
  }
}

}  // namespace

Result<std::vector<Vec3>> cloud_normals(const std::vector<Vec3>& points, size_t neighbours, const CancelToken* cancel) {
  std::vector<Vec3> normals(points.size());
  std::vector<std::vector<uint32_t>> near(points.size());
  const PointGrid grid(points);
  constexpr size_t kRound = 16384;  // between looks at the token
  for (size_t begin = 0; begin < points.size(); begin += kRound) {
    if (cancel) PTAH_TRY_VOID(cancel->check());
    parallel_for(static_cast<int64_t>(std::min(kRound, points.size() - begin)), 4000, [&](int64_t from, int64_t to) {
      for (size_t i = begin + static_cast<size_t>(from); i < begin + static_cast<size_t>(to); ++i) {
        near[i] = grid.nearest(points[i], neighbours);
        normals[i] = plane_normal(points, near[i]);
      }
    });
  }
  orient(points, near, normals);
  return normals;
}

}  // namespace ptah
