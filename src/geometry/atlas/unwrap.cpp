#include "geometry/atlas/unwrap.h"

#include <algorithm>
#include <cmath>

#include "base/parallel.h"
#include "geometry/atlas/cluster.h"
#include "geometry/atlas/flatten.h"
#include "geometry/atlas/merge.h"
#include "geometry/atlas/pack.h"

namespace ptah {

namespace atlas {

namespace {

constexpr size_t kMaxTriangles = 4'000'000;
constexpr double kUnity = 0.9;  // a cone of about 40° to each side

/// Lays a chart flat, or in two pieces, and these in turn, where that does not do.
void flatten_or_split(Charting& c, std::vector<Chart>& charts, uint32_t id, double max_stretch) {
  std::vector<uint32_t> open{id};
  while (!open.empty()) {
    const uint32_t at = open.back();
    open.pop_back();
    Chart& chart = charts[at];
    const bool disk = chart.border.size() >= 3;
    if (disk && project(c.surface, chart)) {
      const std::vector<Point> projected = chart.uv;
      relax(c.surface, chart, 4);
      Fit fit = fit_of(c.surface, chart);
      if (fit.turned) {
        chart.uv = projected;
        fit = fit_of(c.surface, chart);
      }
      if (chart.faces.size() == 1 || (!fit.turned && fit.stretch <= max_stretch * max_stretch && !border_crosses(c, chart))) continue;
    }
    const std::vector<uint32_t> faces = chart.faces;
    const std::vector<char> side = halves_of(c.surface, faces, c.chart, at, c.place);
    const auto other = static_cast<uint32_t>(charts.size());
    std::array<std::vector<uint32_t>, 2> parts;
    for (size_t i = 0; i < faces.size(); ++i) parts[static_cast<uint8_t>(side[i])].push_back(faces[i]);
    for (const uint32_t f : parts[1]) c.chart[f] = other;
    charts[at] = disk_of(c, parts[0], at);
    charts.push_back(disk_of(c, parts[1], other));
    open.push_back(at);
    open.push_back(other);
  }
}

/// The square that comes out, in a list of its own and with triangles without area on a point.
UvMap uv_map(const Charting& c, const std::vector<Chart>& charts, double scale) {
  UvMap out;
  out.scale = scale;
  out.triangles.assign(c.surface.triangles.size(), Triangle{});
  out.chart.assign(c.surface.triangles.size(), 0);
  std::vector<uint32_t> any(c.surface.positions.size(), kNone);  // a place of each vertex
  std::vector<uint32_t> of(c.surface.positions.size(), 0);
  for (const Chart& chart : charts) {
    if (chart.faces.empty()) continue;
    const auto base = static_cast<uint32_t>(out.uvs.size());
    for (const Point& p : chart.uv) out.uvs.push_back({static_cast<float>(p[0]), static_cast<float>(1 - p[1])});
    for (size_t i = 0; i < chart.faces.size(); ++i) {
      const Triangle& t = chart.triangles[i];
      out.triangles[chart.faces[i]] = {base + t[0], base + t[1], base + t[2]};
      out.chart[chart.faces[i]] = out.charts;
      for (size_t k = 0; k < 3; ++k) {
        any[c.surface.triangles[chart.faces[i]][k]] = base + t[k];
        of[c.surface.triangles[chart.faces[i]][k]] = out.charts;
      }
    }
    ++out.charts;
  }
  for (size_t f = 0; f < out.triangles.size(); ++f) {
    if (c.chart[f] != kNone) continue;
    uint32_t vertex = c.surface.triangles[f][0];
    for (const uint32_t v : c.surface.triangles[f])
      if (any[v] != kNone) vertex = v;
    const uint32_t place = any[vertex] != kNone ? any[vertex] : 0;
    out.triangles[f] = {place, place, place};
    out.chart[f] = of[vertex];
  }
  return out;
}

}  // namespace

}  // namespace atlas

Result<UvMap> unwrap(const Mesh& mesh, const UnwrapOptions& options, const CancelToken* cancel) {
  using namespace atlas;
  if (options.resolution < 16 || options.resolution > 16384)
    return fail(ErrorCode::invalid_argument, "an atlas of {} texels; 16 to 16384 are possible", options.resolution);
  if (options.margin < 0 || options.margin > options.resolution / 8)
    return fail(ErrorCode::invalid_argument, "a margin of {} texels in an atlas of {}", options.margin, options.resolution);
  if (mesh.triangles.size() > kMaxTriangles)
    return fail(ErrorCode::over_budget, "a mesh of {} triangles; up to {} can be unwrapped", mesh.triangles.size(), kMaxTriangles);
  PTAH_TRY(const Surface surface, surface_of(mesh, options.join_equal_positions));
  Charting charting(surface);
  uint32_t count = 0;
  charting.chart = cluster_faces(surface, kUnity, count);
  if (count == 0) return fail(ErrorCode::invalid_argument, "a mesh without a triangle that has an area");
  std::vector<std::vector<uint32_t>> faces(count);
  for (uint32_t f = 0; f < charting.chart.size(); ++f)
    if (charting.chart[f] != kNone) faces[charting.chart[f]].push_back(f);
  std::vector<Chart> charts(count);
  for (uint32_t i = 0; i < count; ++i) charts[i] = disk_of(charting, std::move(faces[i]), i);
  for (uint32_t i = 0; i < count; ++i) {
    if (cancel && cancel->cancelled()) return fail(ErrorCode::cancelled, "cancelled");
    flatten_or_split(charting, charts, i, options.max_stretch);
  }
  merge_charts(charting, charts, {.stretch = options.max_stretch}, cancel);
  PTAH_TRY(const double scale, pack(charts, options.resolution, options.margin, cancel));
  return uv_map(charting, charts, scale);
}

}  // namespace ptah
