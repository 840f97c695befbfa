// Fewer triangles, with what the file says of the surface.
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <unordered_map>

#include "geometry/bvh.h"
#include "geometry/simplify.h"
#include "media/mesh/edit/scene_edit.h"

namespace ptah {

namespace {

constexpr float kCrease = 35;
constexpr uint32_t kNone = ~uint32_t{0};

double product(const Vec3& a, const Vec3& b) {
  double sum = 0;
  for (size_t i = 0; i < 3; ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}

/// The weights of a triangle's corners at its point nearest to `p` (Ericson, Real-Time Collision Detection, 5.1.5).
Vec3 nearest_weights(const Vec3& p, const Vec3& a, const Vec3& b, const Vec3& c) {
  const Vec3 ab = b - a, ac = c - a, ap = p - a, bp = p - b, cp = p - c;
  const double d1 = product(ab, ap), d2 = product(ac, ap), d3 = product(ab, bp), d4 = product(ac, bp), d5 = product(ab, cp), d6 = product(ac, cp);
  const auto weights = [](double u, double v) { return Vec3{static_cast<float>(1 - u - v), static_cast<float>(u), static_cast<float>(v)}; };
  const auto share = [](double part, double other) { return part + other > 0 ? part / (part + other) : 0; };
  if (d1 <= 0 && d2 <= 0) return {1, 0, 0};
  if (d3 >= 0 && d4 <= d3) return {0, 1, 0};
  if (d6 >= 0 && d5 <= d6) return {0, 0, 1};
  const double vc = d1 * d4 - d3 * d2, vb = d5 * d2 - d1 * d6, va = d3 * d6 - d5 * d4;
  if (vc <= 0 && d1 >= 0 && d3 <= 0) return weights(share(d1, -d3), 0);
  if (vb <= 0 && d2 >= 0 && d6 <= 0) return weights(0, share(d2, -d6));
  if (va <= 0 && d4 >= d3 && d5 >= d6) {
    const double t = share(d4 - d3, d5 - d6);
    return weights(1 - t, t);
  }
  return weights(vb / (va + vb + vc), vc / (va + vb + vc));
}

Vec3 at(const Vec3& weights, const Vec3& a, const Vec3& b, const Vec3& c) { return a * weights[0] + b * weights[1] + c * weights[2]; }

double distance_to(const Vec3& p, const Box& box) {
  double sum = 0;
  for (size_t i = 0; i < 3; ++i) {
    const double gap = std::max({0.0F, box.low[i] - p[i], p[i] - box.high[i]});
    sum += gap * gap;
  }
  return sum;
}

/// The surface of a scene with corners at one place of one node joined, and what its triangles are of.
class JoinedScene {
 public:
  explicit JoinedScene(const MeshScene& scene) : scene_(scene) {
    std::map<std::string, uint32_t> nodes;
    std::map<std::pair<uint32_t, Vec3>, uint32_t> seen;
    for (uint32_t m = 0; m < scene.meshes.size(); ++m) {
      const SceneMesh& mesh = scene.meshes[m];
      const uint32_t node = nodes.emplace(mesh.path, static_cast<uint32_t>(nodes.size())).first->second;
      for (const Triangle& corners : mesh.mesh.triangles) {
        Triangle t{};
        for (size_t i = 0; i < 3; ++i) {
          const Vec3& p = mesh.mesh.positions[corners[i]];
          const auto [found, added] = seen.emplace(std::pair(node, p), static_cast<uint32_t>(surface.mesh.positions.size()));
          if (added) surface.mesh.positions.push_back(p);
          t[i] = found->second;
        }
        if (t[0] == t[1] || t[1] == t[2] || t[2] == t[0]) continue;
        surface.mesh.triangles.push_back(t);
        corners_.push_back(corners);
        mesh_.push_back(m);
      }
    }
    label_charts();
    separate_fans(surface.mesh);
  }

  LabelledMesh surface;

  /// a mesh of the scene again, of these triangles.
  SceneMesh made_of(uint32_t mesh, const LabelledMesh& reduced, std::span<const uint32_t> triangles) {
    const SceneMesh& from = scene_.meshes[mesh];
    SceneMesh out{.path = from.path, .mesh = {}, .material = from.material, .uvs = {}, .colours = {}, .polygons = {}, .extras = from.extras};
    std::map<std::pair<uint32_t, uint32_t>, uint32_t> vertex;  // of a vertex and a chart
    for (const uint32_t t : triangles) {
      Triangle corners{};
      for (size_t i = 0; i < 3; ++i) {
        const uint32_t v = reduced.mesh.triangles[t][i];
        const auto [found, added] = vertex.emplace(std::pair(v, reduced.label[t]), static_cast<uint32_t>(out.mesh.positions.size()));
        if (added) add_vertex(out, from, reduced.mesh.positions[v], reduced.label[t]);
        corners[i] = found->second;
      }
      out.mesh.triangles.push_back(corners);
    }
    add_normals(out, kCrease);
    return out;
  }

  uint32_t mesh_of(uint32_t chart) const { return mesh_[chart]; }

 private:
  bool same(uint32_t mesh, uint32_t a, uint32_t b) const {
    const SceneMesh& m = scene_.meshes[mesh];
    return (m.uvs.empty() || m.uvs[a] == m.uvs[b]) && (m.colours.empty() || m.colours[a] == m.colours[b]);
  }

  /// A chart is what hangs together across edges with the same coordinates and colours on both sides, named by a triangle of it. At each place a chart has one
  /// pair of coordinates: where it would meet itself with others, as at the seam of a globe, another chart begins.
  void label_charts() {
    std::vector<uint32_t>& chart = surface.label;
    chart.assign(surface.mesh.triangles.size(), kNone);
    std::vector<std::array<uint32_t, 3>> smooth(chart.size(), {kNone, kNone, kNone});  // the triangle across each edge
    std::unordered_map<uint64_t, std::vector<uint32_t>> edges;
    for (uint32_t i = 0; i < chart.size() * 3; ++i) {
      const uint32_t a = surface.mesh.triangles[i / 3][i % 3], b = surface.mesh.triangles[i / 3][(i + 1) % 3];
      edges[uint64_t{std::min(a, b)} << 32 | std::max(a, b)].push_back(i);
    }
    for (const auto& [key, begins] : edges) {
      if (begins.size() != 2) continue;
      const uint32_t i = begins[0], j = begins[1], s = i / 3, t = j / 3;
      if (surface.mesh.triangles[s][i % 3] == surface.mesh.triangles[t][j % 3]) continue;  // they look to different sides
      const bool whole =
          mesh_[s] == mesh_[t] && same(mesh_[s], corners_[s][i % 3], corners_[t][(j + 1) % 3]) && same(mesh_[s], corners_[s][(i + 1) % 3], corners_[t][j % 3]);
      if (!whole) continue;
      smooth[s][i % 3] = t;
      smooth[t][j % 3] = s;
    }
    std::unordered_map<uint32_t, uint32_t> corner;  // of the chart that grows: a place's vertex in the mesh
    const auto fits = [&](uint32_t t) {
      for (size_t k = 0; k < 3; ++k) {
        const auto known = corner.find(surface.mesh.triangles[t][k]);
        if (known != corner.end() && !same(mesh_[t], known->second, corners_[t][k])) return false;
      }
      return true;
    };
    const auto take = [&](uint32_t t, uint32_t into) {
      chart[t] = into;
      for (size_t k = 0; k < 3; ++k) corner.emplace(surface.mesh.triangles[t][k], corners_[t][k]);
    };
    std::vector<uint32_t> queue;
    for (uint32_t first = 0; first < chart.size(); ++first) {
      if (chart[first] != kNone) continue;
      corner.clear();
      take(first, first);
      queue.assign(1, first);
      for (size_t at = 0; at < queue.size(); ++at)
        for (const uint32_t t : smooth[queue[at]]) {
          if (t == kNone || chart[t] != kNone || !fits(t)) continue;
          take(t, first);
          queue.push_back(t);
        }
    }
  }

  struct Chart {
    std::vector<uint32_t> triangles;  ///< of the surface as it was
    Bvh tree;
  };
  void collect_charts() {
    for (uint32_t t = 0; t < mesh_.size(); ++t) charts_[surface.label[t]].triangles.push_back(t);
    for (auto& [label, chart] : charts_) {
      std::vector<Box> boxes;
      for (const uint32_t t : chart.triangles) boxes.push_back(Box::of(places(t)));
      chart.tree = Bvh(boxes);
    }
  }
  std::array<Vec3, 3> places(uint32_t t) const {
    const std::vector<Vec3>& p = scene_.meshes[mesh_[t]].mesh.positions;
    return {p[corners_[t][0]], p[corners_[t][1]], p[corners_[t][2]]};
  }

  void add_vertex(SceneMesh& out, const SceneMesh& from, const Vec3& p, uint32_t label) {
    out.mesh.positions.push_back(p);
    if (from.uvs.empty() && from.colours.empty()) return;
    if (charts_.empty()) collect_charts();
    const Chart& chart = charts_.at(label);
    const auto cost = [&](uint32_t i) {
      const auto [a, b, c] = places(chart.triangles[i]);
      const Vec3 off = at(nearest_weights(p, a, b, c), a, b, c) - p;
      return product(off, off);
    };
    const auto [found, distance] = chart.tree.min_cost([&](const Box& box) { return distance_to(p, box); }, cost, std::numeric_limits<double>::infinity());
    const uint32_t t = chart.triangles[found == kNone ? 0 : found];
    const auto [a, b, c] = places(t);
    const Vec3 weights = nearest_weights(p, a, b, c);
    const auto blend = [&](const auto& values) {
      auto sum = values[corners_[t][0]];
      for (size_t k = 0; k < sum.size(); ++k)
        sum[k] = values[corners_[t][0]][k] * weights[0] + values[corners_[t][1]][k] * weights[1] + values[corners_[t][2]][k] * weights[2];
      return sum;
    };
    if (!from.uvs.empty()) out.uvs.push_back(blend(from.uvs));
    if (!from.colours.empty()) out.colours.push_back(blend(from.colours));
  }

  const MeshScene& scene_;
  std::vector<Triangle> corners_;  ///< of each triangle of the surface: vertices of its mesh
  std::vector<uint32_t> mesh_;     ///< and its mesh
  std::map<uint32_t, Chart> charts_;
};

}  // namespace

size_t triangle_count(const MeshScene& scene) {
  size_t count = 0;
  for (const SceneMesh& m : scene.meshes) count += m.mesh.triangles.size();
  return count;
}

Result<size_t> reduce_scene(MeshScene& scene, size_t target, const CancelToken* cancel) {
  if (triangle_count(scene) == 0) return fail(ErrorCode::invalid_argument, "a scene without triangles");
  if (triangle_count(scene) <= target) return triangle_count(scene);
  return guard([&]() -> Result<size_t> {
    JoinedScene before(scene);
    PTAH_TRY(const LabelledMesh reduced, simplify(before.surface, target, cancel));
    std::vector<std::vector<uint32_t>> triangles(scene.meshes.size());
    for (uint32_t t = 0; t < reduced.label.size(); ++t) triangles[before.mesh_of(reduced.label[t])].push_back(t);
    std::vector<SceneMesh> meshes;
    for (uint32_t m = 0; m < scene.meshes.size(); ++m)
      if (!triangles[m].empty()) meshes.push_back(before.made_of(m, reduced, triangles[m]));
    scene.meshes = std::move(meshes);
    return triangle_count(scene);
  });
}

}  // namespace ptah
