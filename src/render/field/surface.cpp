#include "render/field/surface.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/parallel.h"
#include "geometry/decimate.h"
#include "geometry/isosurface.h"
#include "geometry/simplify.h"
#include "media/srgb.h"

namespace ptah {

namespace {

constexpr float kHalved = 0.693F;
constexpr int kSmoothRounds = 2;

/// Logarithms of densities over that of the surface; positive inside. The border is outside.
Grid levels_of(const RadianceField& field) {
  const FieldGrid& from = field.grid();
  Grid out;
  out.nx = from.points[0] + 2, out.ny = from.points[1] + 2, out.nz = from.points[2] + 2;
  out.cell = from.cell;
  out.origin = from.origin - Vec3{from.cell, from.cell, from.cell};
  const float level = std::log(kHalved / field.thickness());
  out.values.assign(static_cast<size_t>(out.nx * out.ny * out.nz), kEmptyDensity - level);
  parallel_for(from.points[2], int64_t{from.points[0]} * from.points[1], [&](int64_t begin, int64_t end) {
    for (auto z = static_cast<int32_t>(begin); z < end; ++z)
      for (int32_t y = 0; y < from.points[1]; ++y)
        for (int32_t x = 0; x < from.points[0]; ++x)
          if (const FieldLine* line = field.find(x, y, z))
            out.at(x + 1, y + 1, z + 1) = std::clamp(line->lane[kDensityLane], kEmptyDensity, kMaxDensity) - level;
  });
  return out;
}

/// What is not reached from the border through empty points becomes full: nobody saw it. Points are empty that hardly take light; from them, what is outside
/// grows up to the surface, so that thin places of a wall let nothing in.
void fill_hollows(Grid& grid) {
  constexpr int kHalo = 2;
  const float empty = std::log(-std::log1p(-kMinOpacity) / kHalved);
  std::vector<uint8_t> outside(grid.values.size());
  const std::array<int64_t, 3> size{grid.nx, grid.ny, grid.nz}, step{1, grid.nx, grid.nx * grid.ny};
  /// The points beside those of a wave that are not outside yet and below a level.
  const auto spread_from = [&](const std::vector<int64_t>& wave, float below) {
    std::vector<int64_t> next;
    for (const int64_t i : wave) {
      const std::array<int64_t, 3> at{i % grid.nx, i / grid.nx % grid.ny, i / grid.nx / grid.ny};
      for (size_t k = 0; k < 3; ++k)
        for (const int64_t by : {-1, 1}) {
          const int64_t beside = i + by * step[k];
          if (at[k] + by < 0 || at[k] + by >= size[k] || outside[static_cast<size_t>(beside)] || grid.values[static_cast<size_t>(beside)] > below) continue;
          outside[static_cast<size_t>(beside)] = 1;
          next.push_back(beside);
        }
    }
    return next;
  };
  std::vector<int64_t> reached{0};
  outside[0] = 1;
  for (std::vector<int64_t> wave = reached; !wave.empty(); reached.insert(reached.end(), wave.begin(), wave.end())) wave = spread_from(wave, empty);
  for (int i = 0; i < kHalo; ++i) reached = spread_from(reached, 0);
  for (size_t i = 0; i < outside.size(); ++i)
    if (!outside[i]) grid.values[i] = std::max(grid.values[i], 0.01F);
}

/// The mesh without its smallest bodies.
Mesh without_crumbs(const Mesh& mesh) {
  const std::vector<uint32_t> component = component_of_vertices(mesh);
  std::vector<size_t> triangles(component.size());
  for (const Triangle& t : mesh.triangles) ++triangles[component[t[0]]];
  return chosen_triangles(mesh, [&](size_t i) { return triangles[component[mesh.triangles[i][0]]] * 200 >= mesh.triangles.size(); });
}

std::array<float, 3> colour_of(const FieldLine& line, const Vec3& direction) {
  const auto basis = field_harmonics(direction);
  std::array<float, 3> out{};
  for (size_t c = 0; c < 3; ++c) {
    float sum = 0.5F;
    for (size_t k = 0; k < 4; ++k) sum += line.lane[c * 4 + k] * basis[k];
    out[c] = std::clamp(sum, 0.0F, 1.0F);
  }
  return out;
}

/// The turn whose columns are three axes at right angles.
std::array<float, 4> turn_of(const Vec3& x, const Vec3& y, const Vec3& z) {
  const std::array<float, 4> squares{1 + x[0] - y[1] - z[2], 1 - x[0] + y[1] - z[2], 1 - x[0] - y[1] + z[2], 1 + x[0] + y[1] + z[2]};
  const auto largest = static_cast<size_t>(std::max_element(squares.begin(), squares.end()) - squares.begin());
  const float by = 0.5F / std::sqrt(squares[largest]), own = std::sqrt(squares[largest]) / 2;
  if (largest == 0) return {own, (x[1] + y[0]) * by, (x[2] + z[0]) * by, (y[2] - z[1]) * by};
  if (largest == 1) return {(x[1] + y[0]) * by, own, (y[2] + z[1]) * by, (z[0] - x[2]) * by};
  if (largest == 2) return {(x[2] + z[0]) * by, (y[2] + z[1]) * by, own, (x[1] - y[0]) * by};
  return {(y[2] - z[1]) * by, (z[0] - x[2]) * by, (x[1] - y[0]) * by, own};
}

/// A Gaussian with the spread of a triangle.
Splat splat_on(const RadianceField& field, const Vec3& a, const Vec3& b, const Vec3& c) {
  const Vec3 middle = (a + b + c) * (1.0F / 3), normal = normalized(cross(b - a, c - a));
  std::array<Vec3, 3> edges{b - a, c - b, a - c};
  const Vec3 along = normalized(*std::max_element(edges.begin(), edges.end(), [](const Vec3& p, const Vec3& q) { return dot(p, p) < dot(q, q); }));
  const Vec3 across = cross(normal, along);
  float wide = 0, high = 0;
  for (const Vec3& corner : {a, b, c}) {
    const Vec3 d = corner - middle;
    wide += dot(d, along) * dot(d, along), high += dot(d, across) * dot(d, across);
  }
  // The variance of a triangle is a twelfth of these sums; splats have to overlap to hide what is behind them.
  constexpr float kOverlap = 1.5F;
  const float min_scale = field.grid().cell * 0.15F;
  Splat out;
  out.at = middle;
  out.scale = {std::max(min_scale, kOverlap * std::sqrt(wide / 12)), std::max(min_scale, kOverlap * std::sqrt(high / 12)), field.grid().cell * 0.1F};
  out.turn = turn_of(along, across, normal);
  out.opacity = 0.98F;
  const FieldLine line = line_at_surface(field, middle, normal);
  for (size_t k = 0; k < 4; ++k)
    for (size_t channel = 0; channel < 3; ++channel) out.harmonics[k][channel] = line.lane[channel * 4 + k];
  return out;
}

}  // namespace

FieldLine line_at_surface(const RadianceField& field, const Vec3& point, const Vec3& normal) {
  constexpr float kAbove = 1.5F, kBelow = 2.5F, kEach = 0.5F;
  const FieldGrid& grid = field.grid();
  const Vec3 at = (point - grid.origin) * (1 / grid.cell);
  FieldLine out;
  float through = 1, weights = 0;
  for (float height = kAbove; height >= -kBelow; height -= kEach) {
    const FieldLine line = field.sampled(at + normal * height);
    const float taken = 1 - std::exp(-std::exp(std::min(line.lane[kDensityLane], kMaxDensity)) * field.thickness() * kEach), weight = through * taken;
    for (size_t i = 0; i < 16; ++i) out.lane[i] += weight * line.lane[i];
    weights += weight;
    through *= 1 - taken;
  }
  if (!(weights > 1e-4F)) return field.sampled(at);
  for (float& value : out.lane) value /= weights;
  return out;
}

Result<Mesh> field_surface_mesh(const RadianceField& field, int64_t triangles, const CancelToken* cancel) {
  Grid levels = levels_of(field);
  fill_hollows(levels);
  if (cancel) PTAH_TRY_VOID(cancel->check());
  Mesh mesh = without_crumbs(isosurface(levels));
  if (mesh.triangles.empty()) return fail(ErrorCode::invalid_argument, "the field has no surface: it is thin everywhere");
  smooth(mesh, kSmoothRounds);
  if (triangles > 0 && mesh.triangles.size() > static_cast<size_t>(triangles)) {
    const std::vector<uint32_t> labels(mesh.triangles.size());
    PTAH_TRY(LabelledMesh fewer, simplify({std::move(mesh), labels}, static_cast<size_t>(triangles), cancel));
    mesh = std::move(fewer.mesh);
  }
  return mesh;
}

Result<MeshScene> field_mesh(const RadianceField& field, int64_t triangles, const CancelToken* cancel) {
  PTAH_TRY(Mesh mesh, field_surface_mesh(field, triangles, cancel));
  SceneMesh out;
  out.path = "object";
  out.mesh.normals = vertex_normals(mesh);
  out.mesh.positions = std::move(mesh.positions);
  out.mesh.triangles = std::move(mesh.triangles);
  out.colours.resize(out.mesh.positions.size());
  parallel_for(static_cast<int64_t>(out.colours.size()), 2000, [&](int64_t begin, int64_t end) {
    for (auto v = static_cast<size_t>(begin); v < static_cast<size_t>(end); ++v) {
      const Vec3& normal = out.mesh.normals[v];
      const auto colour = colour_of(line_at_surface(field, out.mesh.positions[v], normal), normal * -1);
      out.colours[v] = {linear_of(colour[0]), linear_of(colour[1]), linear_of(colour[2]), 1};
    }
  });
  SceneMaterial material;
  material.name = "field";
  material.roughness = 1;
  MeshScene scene;
  scene.name = "field";
  scene.materials.push_back(material);
  scene.meshes.push_back(std::move(out));
  return scene;
}

Result<std::vector<Splat>> field_splats(const RadianceField& field, int64_t count, const CancelToken* cancel) {
  PTAH_TRY(const Mesh mesh, field_surface_mesh(field, count, cancel));
  std::vector<Splat> out(mesh.triangles.size());
  parallel_for(static_cast<int64_t>(out.size()), 2000, [&](int64_t begin, int64_t end) {
    for (auto t = static_cast<size_t>(begin); t < static_cast<size_t>(end); ++t) {
      const Triangle& corners = mesh.triangles[t];
      out[t] = splat_on(field, mesh.positions[corners[0]], mesh.positions[corners[1]], mesh.positions[corners[2]]);
    }
  });
  std::erase_if(out, [](const Splat& s) { return !std::isfinite(s.turn[0] + s.turn[1] + s.turn[2] + s.turn[3]); });
  return out;
}

}  // namespace ptah
