#include "geometry/normals.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace ptah {

ShadedMesh shaded(const Mesh& mesh, float crease) {
  constexpr uint32_t kMaxAround = 1024;  // faces round a vertex that are compared with each other
  const float min_cosine = std::cos(crease * std::numbers::pi_v<float> / 180);
  std::vector<Vec3> faces(mesh.triangles.size());
  std::vector<std::array<float, 3>> angles(mesh.triangles.size());
  for (size_t t = 0; t < faces.size(); ++t) {
    const Triangle& corner = mesh.triangles[t];
    faces[t] = normalized(cross(mesh.positions[corner[1]] - mesh.positions[corner[0]], mesh.positions[corner[2]] - mesh.positions[corner[0]]));
    for (size_t i = 0; i < 3; ++i) {
      const Vec3 e = normalized(mesh.positions[corner[(i + 1) % 3]] - mesh.positions[corner[i]]),
                 f = normalized(mesh.positions[corner[(i + 2) % 3]] - mesh.positions[corner[i]]);
      angles[t][i] = std::acos(std::clamp(dot(e, f), -1.0F, 1.0F));
    }
  }
  // Corners of each vertex, one behind the other.
  std::vector<uint32_t> begin(mesh.positions.size() + 1, 0), corners(mesh.triangles.size() * 3);
  for (const Triangle& t : mesh.triangles)
    for (const uint32_t v : t) ++begin[v + 1];
  for (size_t v = 0; v + 1 < begin.size(); ++v) begin[v + 1] += begin[v];
  std::vector<uint32_t> next(begin.begin(), begin.end() - 1);
  for (uint32_t t = 0; t < mesh.triangles.size(); ++t)
    for (uint32_t i = 0; i < 3; ++i) corners[next[mesh.triangles[t][i]]++] = t * 3 + i;

  ShadedMesh out;
  out.triangles.resize(mesh.triangles.size());
  std::vector<std::pair<Vec3, uint32_t>> made;  // the normals of one vertex, and their indices
  for (uint32_t v = 0; v < mesh.positions.size(); ++v) {
    made.clear();
    const bool smooth = begin[v + 1] - begin[v] > kMaxAround;
    Vec3 normal{};
    for (uint32_t at = begin[v]; at < begin[v + 1]; ++at) {
      const uint32_t t = corners[at] / 3, i = corners[at] % 3;
      const Vec3& own = faces[t];
      if (at == begin[v] || !smooth) {
        Vec3 sum{};
        for (uint32_t other = begin[v]; other < begin[v + 1]; ++other) {
          const uint32_t u = corners[other] / 3;
          if (smooth || dot(faces[u], own) >= min_cosine) sum = sum + faces[u] * angles[u][corners[other] % 3];
        }
        normal = length(sum) > 1e-12F ? normalized(sum) : own;
      }
      const auto same = std::find_if(made.begin(), made.end(), [&](const auto& m) { return length(m.first - normal) < 1e-4F; });
      if (same != made.end()) {
        out.triangles[t][i] = same->second;
      } else {
        const auto index = static_cast<uint32_t>(out.positions.size());
        out.positions.push_back(mesh.positions[v]);
        out.normals.push_back(normal);
        made.emplace_back(normal, index);
        out.triangles[t][i] = index;
      }
    }
  }
  return out;
}

}  // namespace ptah
