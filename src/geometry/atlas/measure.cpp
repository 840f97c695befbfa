#include "geometry/atlas/measure.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "geometry/atlas/surface.h"

namespace ptah {

namespace {

using atlas::Surface;

struct Stretches {
  std::vector<std::pair<double, double>> worst;  ///< L∞ and area
  std::vector<double> space, plane;              ///< of each chart
  double sum = 0, area = 0, flat = 0;
};

/// One triangle's share: false if it is turned over.
bool take(const Surface& s, const UvMap& map, size_t t, Stretches& out) {
  const auto& [a, b, c] = s.triangles[t];
  const Vec3 e = s.positions[b] - s.positions[a], f = s.positions[c] - s.positions[a];
  const auto at = [&](size_t k) {
    return std::array<double, 2>{static_cast<double>(map.uvs[map.triangles[t][k]][0]), 1 - static_cast<double>(map.uvs[map.triangles[t][k]][1])};
  };
  const auto p = at(0), q = at(1), r = at(2);
  const double s1 = q[0] - p[0], t1 = q[1] - p[1], s2 = r[0] - p[0], t2 = r[1] - p[1], det = s1 * t2 - s2 * t1;
  const auto area = static_cast<double>(s.areas[t]);
  if (!(det > 0)) return false;
  const auto ee = static_cast<double>(dot(e, e)), ef = static_cast<double>(dot(e, f)), ff = static_cast<double>(dot(f, f));
  const double g11 = (ee * t2 * t2 - 2 * ef * t1 * t2 + ff * t1 * t1) / (det * det), g22 = (ee * s2 * s2 - 2 * ef * s1 * s2 + ff * s1 * s1) / (det * det);
  const double g12 = (-ee * s2 * t2 + ef * (s1 * t2 + s2 * t1) - ff * s1 * t1) / (det * det);
  out.sum += (g11 + g22) / 2 * area;
  out.area += area;
  out.flat += det / 2;
  out.worst.emplace_back(std::sqrt((g11 + g22 + std::sqrt((g11 - g22) * (g11 - g22) + 4 * g12 * g12)) / 2), area);
  out.space[map.chart[t]] += area;
  out.plane[map.chart[t]] += det / 2;
  return true;
}

void count_texels(const UvMap& map, const Surface& s, int64_t texels, UvReport& out) {
  std::vector<uint8_t> hits(static_cast<size_t>(texels * texels), 0);
  const auto edge = static_cast<double>(texels);
  for (size_t t = 0; t < map.triangles.size(); ++t) {
    if (s.areas[t] <= 0) continue;
    std::array<std::array<double, 2>, 3> p{};
    for (size_t k = 0; k < 3; ++k)
      for (size_t i = 0; i < 2; ++i) p[k][i] = static_cast<double>(map.uvs[map.triangles[t][k]][i]) * edge;
    const double det = (p[1][0] - p[0][0]) * (p[2][1] - p[0][1]) - (p[2][0] - p[0][0]) * (p[1][1] - p[0][1]);
    if (det == 0) continue;
    const auto low = [&](size_t i) { return std::max<int64_t>(0, static_cast<int64_t>(std::floor(std::min({p[0][i], p[1][i], p[2][i]}) - 0.5))); };
    const auto high = [&](size_t i) { return std::min(texels - 1, static_cast<int64_t>(std::ceil(std::max({p[0][i], p[1][i], p[2][i]}) - 0.5))); };
    for (int64_t y = low(1); y <= high(1); ++y)
      for (int64_t x = low(0); x <= high(0); ++x) {
        const double px = static_cast<double>(x) + 0.5 - p[0][0], py = static_cast<double>(y) + 0.5 - p[0][1];
        const double b = (px * (p[2][1] - p[0][1]) - (p[2][0] - p[0][0]) * py) / det, c = ((p[1][0] - p[0][0]) * py - px * (p[1][1] - p[0][1])) / det;
        // Coordinates are f32: what is nearer to a side than their steps lies on it.
        const double near = 1e-3 / std::sqrt(std::abs(det));
        uint8_t& hit = hits[static_cast<size_t>(y * texels + x)];
        if (b > near && c > near && b + c < 1 - near) {
          out.overlapping += (hit & 2) != 0;
          hit |= 2;
        } else if (b >= -near && c >= -near && b + c <= 1 + near) {
          hit |= 1;
        }
      }
  }
  const auto covered = std::count_if(hits.begin(), hits.end(), [](uint8_t h) { return h != 0; });
  out.coverage = static_cast<double>(covered) / (edge * edge);
}

}  // namespace

Result<UvReport> measure_uv(const Mesh& mesh, const UvMap& map, int64_t texels) {
  PTAH_TRY(const Surface s, atlas::surface_of(mesh, true));
  if (map.triangles.size() != mesh.triangles.size() || map.chart.size() != map.triangles.size() || texels < 1 || texels > 16384)
    return fail(ErrorCode::invalid_argument, "texture coordinates of {} triangles for a mesh of {}", map.triangles.size(), mesh.triangles.size());
  for (size_t t = 0; t < map.triangles.size(); ++t)
    if (map.chart[t] >= map.charts || std::any_of(map.triangles[t].begin(), map.triangles[t].end(), [&](uint32_t v) { return v >= map.uvs.size(); }))
      return fail(ErrorCode::invalid_argument, "texture coordinates that are not there, of triangle {}", t);
  UvReport out;
  out.charts = map.charts;
  Stretches all;
  all.space.assign(map.charts, 0);
  all.plane.assign(map.charts, 0);
  for (size_t t = 0; t < map.triangles.size(); ++t)
    if (s.areas[t] > 0 && !take(s, map, t, all)) ++out.mirrored;
  if (all.area > 0) {
    const double scale = all.flat / all.area;
    out.stretch = std::sqrt(all.sum / all.area * scale);
    std::sort(all.worst.begin(), all.worst.end());
    double seen = 0;
    for (const auto& [worst, area] : all.worst)
      if ((seen += area) >= 0.95 * all.area) {
        out.worst = worst * std::sqrt(scale);
        break;
      }
    double smallest = 1e300, largest = 0;
    for (uint32_t i = 0; i < map.charts; ++i) {
      if (all.space[i] < 1e-4 * all.area) continue;
      smallest = std::min(smallest, all.plane[i] / all.space[i]);
      largest = std::max(largest, all.plane[i] / all.space[i]);
    }
    out.density = largest > 0 ? std::sqrt(smallest / largest) : 0;
  }
  double edges = 0, cut = 0;
  for (uint32_t h = 0; h < s.opposite.size(); ++h) {
    const uint32_t other = s.opposite[h];
    if (other == atlas::kNone || h > other) continue;
    const auto length = static_cast<double>(s.edge_length(h));
    edges += length;
    const auto corner = [&](uint32_t half) { return map.uvs[map.triangles[half / 3][half % 3]]; };
    if (corner(h) != corner(atlas::next_half(other)) || corner(atlas::next_half(h)) != corner(other)) cut += length;
  }
  out.seams = edges > 0 ? cut / edges : 0;
  count_texels(map, s, texels, out);
  return out;
}

}  // namespace ptah
