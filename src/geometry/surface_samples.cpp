#include "geometry/surface_samples.h"

#include <algorithm>
#include <cmath>

#include "base/philox.h"

namespace ptah {

SurfaceSamples sample_surface(const Mesh& mesh, size_t count, uint64_t seed) {
  std::vector<double> until;  // area up to the end of each triangle
  double area = 0;
  for (const auto& [a, b, c] : mesh.triangles) {
    const Vec3 &p = mesh.positions[a], n = cross(mesh.positions[b] - p, mesh.positions[c] - p);
    area += std::sqrt(static_cast<double>(dot(n, n))) / 2;
    until.push_back(area);
  }
  SurfaceSamples out;
  if (!(area > 0)) return out;
  Random random(seed, 0x5A3E);
  size_t t = 0;
  for (size_t i = 0; i < count; ++i) {
    const double at = (static_cast<double>(i) + static_cast<double>(random.uniform())) / static_cast<double>(count) * area;
    while (t + 1 < until.size() && until[t] <= at) ++t;
    const auto [a, b, c] = mesh.triangles[t];
    // Uniform on the triangle (Osada et al. 2002).
    const float root = std::sqrt(random.uniform()), along = random.uniform();
    const Vec3 w{1 - root, root * (1 - along), root * along};
    const Vec3 &p = mesh.positions[a], &q = mesh.positions[b], &r = mesh.positions[c];
    out.positions.push_back(p * w[0] + q * w[1] + r * w[2]);
    out.normals.push_back(normalized(cross(q - p, r - p)));
    out.triangles.push_back(static_cast<uint32_t>(t));
    out.weights.push_back(w);
  }
  return out;
}

}  // namespace ptah
