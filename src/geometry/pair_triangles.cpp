#include "geometry/pair_triangles.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <tuple>
#include <unordered_map>

namespace ptah {

namespace {

struct Pair {
  float error;  ///< the most that a corner is off a right angle, degrees
  uint32_t first, second;
  std::array<uint32_t, 4> quad;
};

constexpr float kDegrees = 180 / std::numbers::pi_v<float>, kSharpest = 15, kBluntest = 165;

/// The angle at `b` in degrees; above 180 where the corner is hollow, seen against the normal.
float angle(const Vec3& a, const Vec3& b, const Vec3& c, const Vec3& normal) {
  const Vec3 in = normalized(a - b), out = normalized(c - b);
  const float degrees = std::acos(std::clamp(dot(in, out), -1.0F, 1.0F)) * kDegrees;
  return dot(cross(out, in), normal) < 0 ? 360 - degrees : degrees;
}

}  // namespace

Faces paired(std::span<const Vec3> positions, std::span<const Triangle> triangles, float bend) {
  std::unordered_map<uint64_t, std::vector<uint32_t>> edges;  // corners at which an edge begins, from its lower vertex to the higher one and back
  for (uint32_t t = 0; t < triangles.size(); ++t)
    for (uint32_t i = 0; i < 3; ++i) {
      const uint32_t a = triangles[t][i], b = triangles[t][(i + 1) % 3];
      edges[uint64_t{std::min(a, b)} << 32 | std::max(a, b)].push_back(t * 3 + i);
    }
  const float flat = std::cos(bend / kDegrees);
  const auto normal_of = [&](uint32_t t) {
    const auto [a, b, c] = triangles[t];
    return normalized(cross(positions[b] - positions[a], positions[c] - positions[a]));
  };
  std::vector<Pair> pairs;
  for (const auto& [key, begins] : edges) {
    if (begins.size() != 2) continue;
    const uint32_t s = begins[0] / 3, t = begins[1] / 3, i = begins[0] % 3, j = begins[1] % 3;
    const uint32_t a = triangles[s][i], b = triangles[s][(i + 1) % 3], c = triangles[s][(i + 2) % 3], d = triangles[t][(j + 2) % 3];
    if (triangles[t][j] != b || c == d) continue;
    const Vec3 n = normal_of(s), m = normal_of(t);
    if (dot(n, m) < flat) continue;
    const Vec3 normal = normalized(n + m);
    // The halves are a, b, c and b, a, d: the quad is a, d, b, c, and its first and third corner are where it was cut.
    const std::array<uint32_t, 4> quad{a, d, b, c};
    float error = 0;
    for (size_t k = 0; k < 4; ++k) {
      const float here = angle(positions[quad[(k + 3) % 4]], positions[quad[k]], positions[quad[(k + 1) % 4]], normal);
      error = std::max(error, here < kSharpest || here > kBluntest ? 1000 : std::abs(here - 90));
    }
    if (error < 1000) pairs.push_back({error, s, t, quad});
  }
  std::sort(pairs.begin(), pairs.end(),
            [](const Pair& x, const Pair& y) { return std::tie(x.error, x.first, x.second) < std::tie(y.error, y.first, y.second); });
  std::vector<char> used(triangles.size());
  Faces out;
  for (const Pair& pair : pairs) {
    if (used[pair.first] || used[pair.second]) continue;
    used[pair.first] = used[pair.second] = 1;
    out.push_back(pair.quad);
  }
  for (uint32_t t = 0; t < triangles.size(); ++t)
    if (!used[t]) out.push_back({triangles[t][0], triangles[t][1], triangles[t][2], triangles[t][2]});
  return out;
}

}  // namespace ptah
