#include "shape/program/roughen.h"

#include <algorithm>
#include <cmath>

#include "geometry/bvh.h"
#include "geometry/displacement.h"
#include "shape/texture/noise.h"

namespace ptah {

namespace {

constexpr float kHighestNoise = 1.0362F;                // of texture::noise(), where all its gradients point to one place
constexpr float kCellsOfBump = 5, kMinCellsOfBump = 3;  // along its scale
constexpr float kCellsOfPart = 32;
constexpr Vec3 kOffLattice{0.37F, 0.61F, 0.23F};  // on planes of its lattice noise is lower: no flat side of a part may lie in one

}  // namespace

void roughen(PolygonMesh& mesh, const SurfaceNoise& noise, float detail, int line) {
  const auto wrong = [line](const std::string& message) { shape_error(line, "noise: " + message); };
  if (!(noise.height > 0)) wrong("the height has to be above 0");
  if (!(noise.scale >= noise.height))
    wrong(fmt::format("a height of {:.4g} m; on a scale of {:.4g} m no more than that is possible", noise.height, noise.scale));
  const Box box = Box::of(mesh.positions);
  const Vec3 size = box.high - box.low;
  const float longest = std::max({size[0], size[1], size[2]}), asked = detail * std::max(kCellsOfPart, kCellsOfBump * longest / noise.scale);
  const float cells = noise.cells > 0 ? static_cast<float>(noise.cells) : std::min(asked, static_cast<float>(kMaxNoiseCells)), edge = longest / cells;
  if (kMinCellsOfBump * edge > noise.scale)
    wrong(fmt::format("a scale of {:.4g} m; with {:.0f} cells on a part of {:.4g} m {:.4g} m or more are possible", noise.scale, cells, longest,
                      kMinCellsOfBump * edge));
  const auto by = [&noise](const Vec3& p) { return noise.height / kHighestNoise * texture::noise(p * (1 / noise.scale) + kOffLattice, noise.seed); };
  const auto made = displaced(triangulated(mesh), by, edge);
  if (!made) wrong(made.error().message);
  const float raised = box.low[1] - Box::of(made->positions).low[1];
  mesh = {};
  for (const Vec3& p : made->positions) mesh.positions.push_back({p[0], p[1] + raised, p[2]});
  for (const auto& [i, j, k] : made->triangles) mesh.triangle(i, j, k);
}

}  // namespace ptah
