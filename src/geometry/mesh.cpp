#include "geometry/mesh.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <unordered_map>

namespace ptah {

float length(const Vec3& a) { return std::sqrt(dot(a, a)); }
Vec3 normalized(const Vec3& a) {
  const float size = length(a);
  return size > 1e-20F ? a * (1 / size) : Vec3{0, 0, 1};
}

std::vector<Vec3> vertex_normals(const Mesh& mesh) {
  std::vector<Vec3> normals(mesh.positions.size(), Vec3{0, 0, 0});
  for (const Triangle& t : mesh.triangles) {
    const Vec3 area = cross(mesh.positions[t[1]] - mesh.positions[t[0]], mesh.positions[t[2]] - mesh.positions[t[0]]);
    for (const uint32_t v : t) normals[v] = normals[v] + area;
  }
  for (Vec3& n : normals) n = normalized(n);
  return normals;
}

Mesh welded(const TexturedMesh& mesh) {
  std::map<Vec3, uint32_t> seen;
  Mesh out;
  std::vector<uint32_t> index;
  for (const Vec3& p : mesh.positions) {
    const auto [at, added] = seen.emplace(p, static_cast<uint32_t>(out.positions.size()));
    if (added) out.positions.push_back(p);
    index.push_back(at->second);
  }
  for (const Triangle& t : mesh.triangles) out.triangles.push_back({index[t[0]], index[t[1]], index[t[2]]});
  return out;
}

namespace {

uint64_t edge_key(uint32_t a, uint32_t b) { return uint64_t{std::min(a, b)} << 32 | std::max(a, b); }

/// Whether the triangles at each vertex form exactly one closed fan.
bool fans_are_single(const Mesh& mesh) {
  std::vector<std::vector<std::pair<uint32_t, uint32_t>>> around(mesh.positions.size());
  for (const Triangle& t : mesh.triangles)
    for (int i = 0; i < 3; ++i) around[t[static_cast<size_t>(i)]].emplace_back(t[static_cast<size_t>((i + 1) % 3)], t[static_cast<size_t>((i + 2) % 3)]);
  for (const auto& links : around) {
    if (links.empty()) continue;
    std::unordered_map<uint32_t, uint32_t> next;
    for (const auto& [from, to] : links)
      if (!next.emplace(from, to).second) return false;
    size_t walked = 0;
    uint32_t at = links[0].first;
    do {
      const auto found = next.find(at);
      if (found == next.end()) return false;
      at = found->second;
      ++walked;
    } while (at != links[0].first && walked <= links.size());
    if (walked != links.size()) return false;
  }
  return true;
}

int64_t count_bodies(const Mesh& mesh) {
  const std::vector<uint32_t> component = component_of_vertices(mesh);
  std::set<uint32_t> bodies;
  for (const Triangle& t : mesh.triangles) bodies.insert(component[t[0]]);
  return static_cast<int64_t>(bodies.size());
}

}  // namespace

std::vector<uint32_t> component_of_vertices(const Mesh& mesh) {
  std::vector<uint32_t> parent(mesh.positions.size());
  std::iota(parent.begin(), parent.end(), 0U);
  const auto root = [&](uint32_t v) {
    while (parent[v] != v) v = parent[v] = parent[parent[v]];
    return v;
  };
  for (const Triangle& t : mesh.triangles)
    for (const uint32_t v : {t[1], t[2]}) {
      const uint32_t a = root(t[0]), b = root(v);
      parent[std::max(a, b)] = std::min(a, b);
    }
  for (uint32_t v = 0; v < parent.size(); ++v) parent[v] = root(v);
  return parent;
}

Mesh chosen_triangles(const Mesh& mesh, const std::function<bool(size_t)>& keep) {
  constexpr uint32_t kNowhere = 0xFFFFFFFFU;
  std::vector<uint32_t> place(mesh.positions.size(), kNowhere);
  Mesh out;
  for (size_t i = 0; i < mesh.triangles.size(); ++i) {
    if (!keep(i)) continue;
    Triangle kept = mesh.triangles[i];
    for (uint32_t& v : kept) {
      if (place[v] == kNowhere) {
        place[v] = static_cast<uint32_t>(out.positions.size());
        out.positions.push_back(mesh.positions[v]);
      }
      v = place[v];
    }
    out.triangles.push_back(kept);
  }
  return out;
}

MeshReport inspect(const Mesh& mesh) {
  MeshReport report;
  std::unordered_map<uint64_t, std::array<int, 2>> edges;  // uses along and against the key's direction
  for (const Triangle& t : mesh.triangles) {
    const Vec3 &a = mesh.positions[t[0]], &b = mesh.positions[t[1]], &c = mesh.positions[t[2]];
    const float longest = std::max({length(b - a), length(c - b), length(a - c)});
    if (t[0] == t[1] || t[1] == t[2] || t[2] == t[0] || length(cross(b - a, c - a)) < 1e-7F * longest * longest) ++report.degenerate;
    report.volume += static_cast<double>(dot(a, cross(b, c))) / 6;
    for (size_t i = 0; i < 3; ++i) {
      const uint32_t from = t[i], to = t[(i + 1) % 3];
      ++edges[edge_key(from, to)][from < to ? 0 : 1];
    }
  }
  report.closed = report.oriented = !mesh.triangles.empty();
  for (const auto& [key, uses] : edges) {
    if (uses[0] + uses[1] != 2) report.closed = false;
    if (uses[0] != 1 || uses[1] != 1) report.oriented = false;
  }
  std::vector<char> used(mesh.positions.size());
  for (const Triangle& t : mesh.triangles)
    for (const uint32_t v : t) used[v] = 1;
  report.euler = std::count(used.begin(), used.end(), 1) - static_cast<int64_t>(edges.size()) + static_cast<int64_t>(mesh.triangles.size());
  report.bodies = count_bodies(mesh);
  report.manifold = report.closed && report.oriented && fans_are_single(mesh);
  return report;
}

Mesh for_printing(Mesh mesh) {
  float floor = std::numeric_limits<float>::max();
  for (const Vec3& p : mesh.positions) floor = std::min(floor, p[1]);
  for (Vec3& p : mesh.positions) p = {p[0], -p[2], p[1] - floor};
  return mesh;
}

}  // namespace ptah
