#include "geometry/atlas/chart.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <queue>
#include <unordered_map>

#include "geometry/atlas/outline.h"

namespace ptah::atlas {

namespace {

uint32_t root_of(std::vector<uint32_t>& parent, uint32_t i) {
  while (parent[i] != i) i = parent[i] = parent[parent[i]];
  return i;
}

/// Glues the edges of a spanning tree, the flattest first.
void glue_tree(Charting& c, const std::vector<uint32_t>& faces, uint32_t id) {
  const Surface& s = c.surface;
  std::vector<uint32_t> edges;
  for (const uint32_t f : faces)
    for (uint32_t h = 3 * f; h < 3 * f + 3; ++h) {
      c.glued[h] = 0;
      if (s.opposite[h] != kNone && c.chart[s.opposite[h] / 3] == id && h < s.opposite[h]) edges.push_back(h);
    }
  std::sort(edges.begin(), edges.end(), [&](uint32_t a, uint32_t b) { return s.bend[a] != s.bend[b] ? s.bend[a] < s.bend[b] : a < b; });
  std::vector<uint32_t> parent(faces.size());
  std::iota(parent.begin(), parent.end(), 0U);
  for (const uint32_t h : edges) {
    const uint32_t a = root_of(parent, c.place[h / 3]), b = root_of(parent, c.place[s.opposite[h] / 3]);
    if (a == b) continue;
    parent[std::max(a, b)] = std::min(a, b);
    c.glued[h] = c.glued[s.opposite[h]] = 1;
  }
}

/// Glues cuts from their free ends on, so that only those remain that open a ring.
void close_cuts(Charting& c, const std::vector<uint32_t>& faces, uint32_t id) {
  const Surface& s = c.surface;
  std::unordered_map<uint32_t, std::vector<uint32_t>> at;  // cuts and borders at each vertex
  for (const uint32_t f : faces)
    for (uint32_t h = 3 * f; h < 3 * f + 3; ++h) {
      if (c.glued[h]) continue;
      const bool inner = s.opposite[h] != kNone && c.chart[s.opposite[h] / 3] == id;
      if (inner && h > s.opposite[h]) continue;
      at[s.start(h)].push_back(h);
      at[s.end(h)].push_back(h);
    }
  std::vector<uint32_t> free;
  for (const uint32_t f : faces)
    for (const uint32_t v : s.triangles[f])
      if (const auto found = at.find(v); found != at.end() && found->second.size() == 1) free.push_back(v);
  const auto take_off = [&](uint32_t v, uint32_t half) {
    auto& list = at[v];
    list.erase(std::find(list.begin(), list.end(), half));
    return list.size();
  };
  while (!free.empty()) {
    const uint32_t v = free.back();
    free.pop_back();
    if (at[v].size() != 1) continue;
    const uint32_t h = at[v][0], other = s.start(h) == v ? s.end(h) : s.start(h);
    if (s.opposite[h] == kNone || c.chart[s.opposite[h] / 3] != id || at[other].size() < 2) continue;
    c.glued[h] = c.glued[s.opposite[h]] = 1;
    take_off(v, h);
    if (take_off(other, h) == 1) free.push_back(other);
  }
}

}  // namespace

Chart disk_of(Charting& c, std::vector<uint32_t> faces, uint32_t id) {
  const Surface& s = c.surface;
  std::sort(faces.begin(), faces.end());
  Chart out;
  out.faces = std::move(faces);
  for (uint32_t i = 0; i < out.faces.size(); ++i) c.place[out.faces[i]] = i;
  glue_tree(c, out.faces, id);
  close_cuts(c, out.faces, id);
  std::vector<uint32_t> parent(out.faces.size() * 3), index(out.faces.size() * 3, kNone);
  std::iota(parent.begin(), parent.end(), 0U);
  const auto join = [&](uint32_t a, uint32_t b) {
    a = root_of(parent, a);
    b = root_of(parent, b);
    parent[std::max(a, b)] = std::min(a, b);
  };
  const auto corner = [&](uint32_t half) { return c.place[half / 3] * 3 + half % 3; };
  for (const uint32_t f : out.faces)
    for (uint32_t h = 3 * f; h < 3 * f + 3; ++h)
      if (c.glued[h] && h < s.opposite[h]) {
        join(corner(h), corner(next_half(s.opposite[h])));
        join(corner(next_half(h)), corner(s.opposite[h]));
      }
  out.triangles.resize(out.faces.size());
  for (uint32_t i = 0; i < parent.size(); ++i) {
    const uint32_t root = root_of(parent, i);
    if (index[root] == kNone) {
      index[root] = static_cast<uint32_t>(out.vertices.size());
      out.vertices.push_back(s.triangles[out.faces[i / 3]][i % 3]);
    }
    out.triangles[i / 3][i % 3] = index[root];
    if (i % 3 == 0) out.area += static_cast<double>(s.areas[out.faces[i / 3]]);
  }
  out.border = border_of(c, out);
  return out;
}

std::vector<uint32_t> border_of(const Charting& c, const Chart& chart) {
  std::vector<uint32_t> from(chart.vertices.size(), kNone), out;
  size_t count = 0;
  uint32_t first = kNone;
  for (uint32_t i = 0; i < chart.faces.size(); ++i)
    for (uint32_t k = 0; k < 3; ++k) {
      const uint32_t h = chart.faces[i] * 3 + k;
      if (c.glued[h]) continue;
      uint32_t& slot = from[chart.triangles[i][k]];
      if (slot != kNone) return {};
      slot = h;
      if (first == kNone) first = h;
      ++count;
    }
  if (first == kNone) return {};
  uint32_t h = first;
  do {
    out.push_back(h);
    const uint32_t end = chart.triangles[c.place[h / 3]][(h % 3 + 1) % 3];
    h = from[end];
  } while (h != first && h != kNone && out.size() <= count);
  if (out.size() != count || h != first) return {};
  return out;
}

Fit fit_of(const Surface& s, const Chart& chart) {
  Fit out;
  double sum = 0, flat = 0, worst = 0;
  for (size_t i = 0; i < chart.faces.size(); ++i) {
    const auto& [a, b, c] = s.triangles[chart.faces[i]];
    const auto& [u, v, w] = chart.triangles[i];
    const Point &p = chart.uv[u], &q = chart.uv[v], &r = chart.uv[w];
    const double s1 = q[0] - p[0], t1 = q[1] - p[1], s2 = r[0] - p[0], t2 = r[1] - p[1], det = s1 * t2 - s2 * t1;
    const auto area = static_cast<double>(s.areas[chart.faces[i]]);
    if (!(det > area * 1e-3)) {
      out.turned = true;
      return out;
    }
    const Vec3 e = s.positions[b] - s.positions[a], f = s.positions[c] - s.positions[a];
    const auto ee = static_cast<double>(dot(e, e)), ef = static_cast<double>(dot(e, f)), ff = static_cast<double>(dot(f, f));
    // The first fundamental form of the map from the plane.
    const double g11 = (ee * t2 * t2 - 2 * ef * t1 * t2 + ff * t1 * t1) / (det * det), g22 = (ee * s2 * s2 - 2 * ef * s1 * s2 + ff * s1 * s1) / (det * det);
    const double g12 = (-ee * s2 * t2 + ef * (s1 * t2 + s2 * t1) - ff * s1 * t1) / (det * det);
    sum += (g11 + g22) / 2 * area;
    flat += det / 2;
    worst = std::max(worst, (g11 + g22 + std::sqrt((g11 - g22) * (g11 - g22) + 4 * g12 * g12)) / 2);
  }
  const double scale = flat / chart.area;
  out.stretch = sum / chart.area * scale;
  out.worst = std::sqrt(worst * scale);
  return out;
}

bool border_crosses(const Charting& c, const Chart& chart) {
  std::vector<Point> line;
  line.reserve(chart.border.size());
  for (const uint32_t h : chart.border) line.push_back(chart.uv[chart.triangles[c.place[h / 3]][h % 3]]);
  return line_crosses(line);
}

}  // namespace ptah::atlas
