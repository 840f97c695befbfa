#include "geometry/mesh_errors.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/budget.h"
#include "base/parallel.h"
#include "base/philox.h"
#include "geometry/winding.h"

namespace ptah {

namespace {

using Vec3d = std::array<double, 3>;
using ptah::dot;
using ptah::operator-;

Vec3d wide(const Vec3& a) { return {static_cast<double>(a[0]), static_cast<double>(a[1]), static_cast<double>(a[2])}; }
Vec3d operator-(const Vec3d& a, const Vec3d& b) { return {a[0] - b[0], a[1] - b[1], a[2] - b[2]}; }
Vec3d at(const Vec3d& a, const Vec3d& along, double t) { return {a[0] + t * along[0], a[1] + t * along[1], a[2] + t * along[2]}; }
double dot(const Vec3d& a, const Vec3d& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }
double square(const Vec3d& a) { return dot(a, a); }

double to_segment(const Vec3d& p, const Vec3d& a, const Vec3d& b) {
  const Vec3d along = b - a;
  const double size = square(along);
  return square(p - at(a, along, size > 0 ? std::clamp(dot(p - a, along) / size, 0.0, 1.0) : 0));
}

/// The square of the distance of a point from a triangle: to its plane if the foot lies inside, else to its nearest edge.
double to_triangle(const Vec3d& p, const Vec3d& a, const Vec3d& b, const Vec3d& c) {
  const Vec3d u = b - a, v = c - a, w = p - a;
  const double uu = dot(u, u), uv = dot(u, v), vv = dot(v, v), wu = dot(w, u), wv = dot(w, v), det = uu * vv - uv * uv;
  if (det > 1e-14 * uu * vv) {
    const double s = (vv * wu - uv * wv) / det, t = (uu * wv - uv * wu) / det;
    if (s >= 0 && t >= 0 && s + t <= 1) return square(w - at(at({}, u, s), v, t));
  }
  return std::min({to_segment(p, a, b), to_segment(p, b, c), to_segment(p, c, a)});
}

Vec3 normal_of(const Mesh& mesh, uint32_t triangle) {
  const auto [a, b, c] = mesh.triangles[triangle];
  return normalized(cross(mesh.positions[b] - mesh.positions[a], mesh.positions[c] - mesh.positions[a]));
}

bool has_area(const Mesh& mesh) { return !sample_surface(mesh, 1, 0).positions.empty(); }

/// Points on a surface; of a point cloud its own.
SurfaceSamples points_of(const Mesh& mesh, size_t count, uint64_t seed) {
  SurfaceSamples out = sample_surface(mesh, count, seed);
  if (!out.positions.empty()) return out;
  const size_t every = mesh.triangles.size() / count + 1;
  for (size_t t = 0; t < mesh.triangles.size(); t += every) out.positions.push_back(mesh.positions[mesh.triangles[t][0]]);
  return out;
}

struct OneWay {
  double mean = 0, largest = 0, near = 0, normals = 0;
};

/// Stops early if the job is cancelled; check_cancelled() says so afterwards.
OneWay one_way(const SurfaceSamples& from, const Mesh& to, double threshold) {
  const CancelToken* const cancel = current_cancel();
  const NearestSurface nearest(to);
  std::vector<double> distance(from.positions.size()), cosine(from.normals.size());
  parallel_for(static_cast<int64_t>(distance.size()), 2000, [&](int64_t begin, int64_t end) {
    for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i) {
      if (cancel && cancel->cancelled()) return;
      const NearestSurface::Found found = nearest(from.positions[i]);
      distance[i] = found.distance;
      if (i < cosine.size()) cosine[i] = std::abs(static_cast<double>(dot(from.normals[i], normal_of(to, found.triangle))));
    }
  });
  OneWay out;
  size_t near = 0;
  for (const double d : distance) {
    out.mean += d / static_cast<double>(distance.size());
    out.largest = std::max(out.largest, d);
    near += d <= threshold ? 1 : 0;
  }
  out.near = static_cast<double>(near) / static_cast<double>(distance.size());
  for (const double c : cosine) out.normals += c / static_cast<double>(cosine.size());
  return out;
}

std::optional<double> intersection_over_union(const Mesh& a, const Mesh& b, const MeshErrorOptions& options) {
  Box box = Box::of(a.positions);
  box.add(Box::of(b.positions));
  const WindingNumber in_a(a), in_b(b);
  const CancelToken* const cancel = current_cancel();
  const int64_t n = options.grid, count = n * n * n;
  std::vector<uint8_t> found(static_cast<size_t>(count));
  const Vec3 size = (box.high - box.low) * (1 / static_cast<float>(n));
  parallel_for(count, 4000, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      if (cancel && cancel->cancelled()) return;
      Random random(options.seed, 0x10C, static_cast<uint64_t>(i) * 4);
      const Vec3 cell{static_cast<float>(i % n), static_cast<float>(i / n % n), static_cast<float>(i / n / n)};
      Vec3 p;
      for (size_t k = 0; k < 3; ++k) p[k] = box.low[k] + size[k] * (cell[k] + random.uniform());
      found[static_cast<size_t>(i)] = static_cast<uint8_t>((in_a.inside(p) ? 1 : 0) | (in_b.inside(p) ? 2 : 0));
    }
  });
  std::array<int64_t, 4> cells{};
  for (const uint8_t f : found) ++cells[f];
  if (cells[1] + cells[3] == 0 || cells[2] + cells[3] == 0) return {};
  return static_cast<double>(cells[3]) / static_cast<double>(cells[1] + cells[2] + cells[3]);
}

}  // namespace

NearestSurface::NearestSurface(const Mesh& mesh) : mesh_(mesh), tree_(boxes_of_triangles(mesh)) {}

NearestSurface::Found NearestSurface::operator()(const Vec3& point) const {
  const Vec3d p = wide(point);
  const auto [triangle, best] = tree_.min_cost([&](const Box& box) { return squared_distance(p, box); },
                                               [&](uint32_t t) {
                                                 const auto [a, b, c] = mesh_.triangles[t];
                                                 return to_triangle(p, wide(mesh_.positions[a]), wide(mesh_.positions[b]), wide(mesh_.positions[c]));
                                               },
                                               std::numeric_limits<double>::infinity());
  return {std::sqrt(best), triangle};
}

Result<MeshErrors> mesh_errors(const Mesh& a, const Mesh& b, const MeshErrorOptions& options) {
  if (a.triangles.empty() || b.triangles.empty()) return fail(ErrorCode::invalid_argument, "a mesh without triangles");
  MeshErrors out;
  const Box box = Box::of(a.positions);
  out.diagonal = std::sqrt(square(wide(box.high) - wide(box.low)));
  const double threshold = options.threshold * out.diagonal;
  const bool surfaces = has_area(a) && has_area(b);
  const OneWay there = one_way(points_of(a, options.samples, options.seed), b, threshold);
  PTAH_TRY_VOID(check_cancelled());
  const OneWay back = one_way(points_of(b, options.samples, options.seed + 1), a, threshold);
  PTAH_TRY_VOID(check_cancelled());
  out.a_to_b = there.mean;
  out.b_to_a = back.mean;
  out.chamfer = (there.mean + back.mean) / 2;
  out.largest = std::max(there.largest, back.largest);
  out.recall = there.near;
  out.precision = back.near;
  out.f_score = there.near + back.near > 0 ? 2 * there.near * back.near / (there.near + back.near) : 0;
  if (!surfaces) return out;
  out.normal_consistency = (there.normals + back.normals) / 2;
  out.iou = intersection_over_union(a, b, options);
  PTAH_TRY_VOID(check_cancelled());
  return out;
}

}  // namespace ptah
