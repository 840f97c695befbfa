#include "geometry/atlas/flatten.h"

#include <algorithm>
#include <cmath>

#include "geometry/conjugate_gradients.h"

namespace ptah::atlas {

namespace {

/// A triangle in its own plane, and the cotangents of the angles opposite its edges.
struct Rigid {
  std::array<Point, 3> at;
  std::array<double, 3> weight;
};

std::vector<Rigid> rigid_triangles(const Surface& s, const Chart& chart) {
  std::vector<Rigid> out(chart.faces.size());
  for (size_t i = 0; i < out.size(); ++i) {
    const auto& [a, b, c] = s.triangles[chart.faces[i]];
    const Vec3 e = s.positions[b] - s.positions[a], f = s.positions[c] - s.positions[a];
    const double base = std::sqrt(static_cast<double>(dot(e, e))), along = static_cast<double>(dot(e, f)) / base;
    const double high = 2 * static_cast<double>(s.areas[chart.faces[i]]) / base;
    out[i].at = {Point{0, 0}, Point{base, 0}, Point{along, high}};
    for (size_t k = 0; k < 3; ++k) {
      const Point &p = out[i].at[k], &q = out[i].at[(k + 1) % 3], &r = out[i].at[(k + 2) % 3];
      const double cosine = (p[0] - r[0]) * (q[0] - r[0]) + (p[1] - r[1]) * (q[1] - r[1]);
      // Obtuse angles would pull the wrong way, slivers too much.
      out[i].weight[k] = std::clamp(cosine / (base * high), 0.02, 20.0);
    }
  }
  return out;
}

SparseSystem laplacian(const Chart& chart, const std::vector<Rigid>& rigid) {
  const size_t n = chart.vertices.size();
  SparseSystem out;
  out.begin.assign(n + 1, 0);
  out.diagonal.assign(n, 0);
  for (const Triangle& t : chart.triangles)
    for (const uint32_t v : t) out.begin[v + 1] += 2;
  for (size_t i = 0; i < n; ++i) out.begin[i + 1] += out.begin[i];
  std::vector<uint32_t> fill(out.begin.begin(), out.begin.end() - 1);
  out.column.resize(out.begin[n]);
  out.value.resize(out.begin[n]);
  for (size_t i = 0; i < chart.triangles.size(); ++i)
    for (size_t k = 0; k < 3; ++k) {
      const uint32_t a = chart.triangles[i][k], b = chart.triangles[i][(k + 1) % 3];
      const double w = rigid[i].weight[k];
      for (const auto& [from, to] : {std::pair{a, b}, std::pair{b, a}}) {
        out.column[fill[from]] = to;
        out.value[fill[from]++] = -w;
        out.diagonal[from] += w;
      }
    }
  // The two entries of an inner edge become one.
  std::vector<uint32_t> begin(n + 1, 0);
  uint32_t at = 0;
  std::vector<std::pair<uint32_t, double>> row;
  for (size_t i = 0; i < n; ++i) {
    row.clear();
    for (uint32_t k = out.begin[i]; k < out.begin[i + 1]; ++k) row.emplace_back(out.column[k], out.value[k]);
    std::sort(row.begin(), row.end());
    for (size_t k = 0; k < row.size(); ++k) {
      if (k && row[k].first == row[k - 1].first) {
        out.value[at - 1] += row[k].second;
      } else {
        out.column[at] = row[k].first;
        out.value[at++] = row[k].second;
      }
    }
    begin[i + 1] = at;
  }
  out.begin = std::move(begin);
  return out;
}

}  // namespace

bool project(const Surface& s, Chart& chart) {
  Vec3 mean{};
  for (const uint32_t f : chart.faces) mean = mean + s.normals[f] * s.areas[f];
  mean = normalized(mean);
  for (const uint32_t f : chart.faces)
    if (dot(s.normals[f], mean) < 0.1F) return false;
  const Vec3 axis = std::abs(mean[1]) < 0.9F ? Vec3{0, 1, 0} : Vec3{1, 0, 0};
  const Vec3 right = normalized(cross(axis, mean)), up = cross(mean, right);
  chart.uv.resize(chart.vertices.size());
  for (size_t i = 0; i < chart.vertices.size(); ++i) {
    const Vec3& p = s.positions[chart.vertices[i]];
    chart.uv[i] = {static_cast<double>(dot(right, p)), static_cast<double>(dot(up, p))};
  }
  return true;
}

void relax(const Surface& s, Chart& chart, int rounds) {
  if (chart.faces.size() < 2) rounds = std::min(rounds, 1);
  const std::vector<Rigid> rigid = rigid_triangles(s, chart);
  const SparseSystem system = laplacian(chart, rigid);
  std::vector<Point> pull(chart.vertices.size());
  for (int round = 0; round < rounds; ++round) {
    std::fill(pull.begin(), pull.end(), Point{0, 0});
    for (size_t i = 0; i < rigid.size(); ++i) {
      const Triangle& t = chart.triangles[i];
      double along = 0, turned = 0;
      std::array<Point, 3> edge{};
      for (size_t k = 0; k < 3; ++k) {
        const Point &x = rigid[i].at[k], &y = rigid[i].at[(k + 1) % 3], &u = chart.uv[t[k]], &v = chart.uv[t[(k + 1) % 3]];
        edge[k] = {x[0] - y[0], x[1] - y[1]};
        const Point flat{u[0] - v[0], u[1] - v[1]};
        along += rigid[i].weight[k] * (flat[0] * edge[k][0] + flat[1] * edge[k][1]);
        turned += rigid[i].weight[k] * (flat[1] * edge[k][0] - flat[0] * edge[k][1]);
      }
      const double size = std::hypot(along, turned);
      const double cosine = size > 0 ? along / size : 1, sine = size > 0 ? turned / size : 0;
      for (size_t k = 0; k < 3; ++k) {
        const double w = rigid[i].weight[k];
        const Point force{w * (cosine * edge[k][0] - sine * edge[k][1]), w * (sine * edge[k][0] + cosine * edge[k][1])};
        Point &a = pull[t[k]], &b = pull[t[(k + 1) % 3]];
        a = {a[0] + force[0], a[1] + force[1]};
        b = {b[0] - force[0], b[1] - force[1]};
      }
    }
    const int steps = std::clamp(static_cast<int>(2 * std::sqrt(static_cast<double>(chart.vertices.size()))), 8, 80);
    conjugate_gradients(system, chart.uv, pull, {.steps = steps, .relative = 1e-7, .absolute = 1e-30});
  }
}

}  // namespace ptah::atlas
