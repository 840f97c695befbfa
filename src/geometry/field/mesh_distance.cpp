#include "geometry/field/mesh_distance.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace ptah {

namespace {

using Vec3d = std::array<double, 3>;
Vec3d wide(const Vec3& a) { return {static_cast<double>(a[0]), static_cast<double>(a[1]), static_cast<double>(a[2])}; }
Vec3d minus(const Vec3d& a, const Vec3d& b) { return {a[0] - b[0], a[1] - b[1], a[2] - b[2]}; }
Vec3d plus(const Vec3d& a, const Vec3d& b, double t) { return {a[0] + t * b[0], a[1] + t * b[1], a[2] + t * b[2]}; }
double dotted(const Vec3d& a, const Vec3d& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }
Vec3d crossed(const Vec3d& a, const Vec3d& b) { return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]}; }
Vec3d unit(const Vec3d& a) {
  const double size = std::sqrt(dotted(a, a));
  return size > 0 ? Vec3d{a[0] / size, a[1] / size, a[2] / size} : Vec3d{};
}

/// The nearest point of a triangle, and on what it lies: 0 to 2 a corner, 3 to 5 the edge from that corner, 6 within.
struct Nearest {
  Vec3d point{};
  int feature = 6;
};

/// Ericson, "Real-Time Collision Detection", 2005, 5.1.5: by the regions about the triangle.
Nearest nearest_on(const Vec3d& p, const Vec3d& a, const Vec3d& b, const Vec3d& c) {
  const Vec3d ab = minus(b, a), ac = minus(c, a), ap = minus(p, a), bp = minus(p, b), cp = minus(p, c);
  const double d1 = dotted(ab, ap), d2 = dotted(ac, ap), d3 = dotted(ab, bp), d4 = dotted(ac, bp), d5 = dotted(ab, cp), d6 = dotted(ac, cp);
  if (d1 <= 0 && d2 <= 0) return {a, 0};
  if (d3 >= 0 && d4 <= d3) return {b, 1};
  if (d6 >= 0 && d5 <= d6) return {c, 2};
  const double vc = d1 * d4 - d3 * d2, vb = d5 * d2 - d1 * d6, va = d3 * d6 - d5 * d4;
  if (vc <= 0 && d1 >= 0 && d3 <= 0) return {plus(a, ab, d1 / (d1 - d3)), 3};
  if (vb <= 0 && d2 >= 0 && d6 <= 0) return {plus(a, ac, d2 / (d2 - d6)), 5};
  if (va <= 0 && d4 >= d3 && d5 >= d6) return {plus(b, minus(c, b), (d4 - d3) / ((d4 - d3) + (d5 - d6))), 4};
  const double scale = 1 / (va + vb + vc);
  return {plus(plus(a, ab, vb * scale), ac, vc * scale), 6};
}

}  // namespace

MeshDistance::MeshDistance(const Mesh& mesh) {
  // Corners at the same place are one, so that the normals of edges and corners see all their faces.
  std::map<Vec3, uint32_t> index;
  std::vector<Box> boxes;
  std::map<std::pair<uint32_t, uint32_t>, Vec3d> edges;
  for (const Triangle& t : mesh.triangles) {
    Face face;
    for (size_t k = 0; k < 3; ++k) {
      const auto [found, added] = index.emplace(mesh.positions[t[k]], static_cast<uint32_t>(corners_.size()));
      if (added) corners_.push_back({wide(mesh.positions[t[k]]), {}});
      face.corner[k] = found->second;
    }
    const Vec3d &a = corners_[face.corner[0]].position, &b = corners_[face.corner[1]].position, &c = corners_[face.corner[2]].position;
    face.normal = unit(crossed(minus(b, a), minus(c, a)));
    if (dotted(face.normal, face.normal) < 0.5) continue;  // without area
    for (size_t k = 0; k < 3; ++k) {
      Corner& corner = corners_[face.corner[k]];
      const Vec3d to = unit(minus(corners_[face.corner[(k + 1) % 3]].position, corner.position));
      const Vec3d from = unit(minus(corners_[face.corner[(k + 2) % 3]].position, corner.position));
      corner.normal = plus(corner.normal, face.normal, std::acos(std::clamp(dotted(to, from), -1.0, 1.0)));
      Vec3d& edge = edges[std::minmax(face.corner[k], face.corner[(k + 1) % 3])];
      edge = plus(edge, face.normal, 1);
    }
    boxes.push_back(Box::of(std::array{mesh.positions[t[0]], mesh.positions[t[1]], mesh.positions[t[2]]}));
    faces_.push_back(face);
  }
  for (Face& face : faces_)
    for (size_t k = 0; k < 3; ++k) face.edge_normal[k] = edges[std::minmax(face.corner[k], face.corner[(k + 1) % 3])];
  tree_ = Bvh(boxes);
}

FieldSample MeshDistance::at(const Vec3& point) const {
  const Vec3d p = wide(point);
  const auto on = [&](uint32_t f) {
    const Face& face = faces_[f];
    return nearest_on(p, corners_[face.corner[0]].position, corners_[face.corner[1]].position, corners_[face.corner[2]].position);
  };
  const auto cost = [&](uint32_t f) {
    const Vec3d away = minus(p, on(f).point);
    return dotted(away, away);
  };
  const auto [found, square] = tree_.min_cost([&](const Box& box) { return squared_distance(p, box); }, cost, std::numeric_limits<double>::infinity());
  if (found == ~uint32_t{0}) return {std::numeric_limits<float>::max(), {0, 1, 0}};
  const Nearest nearest = on(found);
  const Face& face = faces_[found];
  const auto which = static_cast<size_t>(nearest.feature);
  const Vec3d normal = unit(which < 3 ? corners_[face.corner[which]].normal : which < 6 ? face.edge_normal[which - 3] : face.normal);
  const Vec3d away = minus(p, nearest.point);
  const double distance = std::sqrt(square);
  const double side = dotted(away, normal) < 0 ? -1 : 1;
  Vec3d gradient = normal;
  if (distance > 1e-9) gradient = {side * away[0] / distance, side * away[1] / distance, side * away[2] / distance};
  return {static_cast<float>(side * distance), {static_cast<float>(gradient[0]), static_cast<float>(gradient[1]), static_cast<float>(gradient[2])}};
}

}  // namespace ptah
