#include "media/mesh_scene.h"

#include <algorithm>
#include <unordered_map>

namespace ptah {

namespace {

template <class T>
void take(std::vector<T>& values, const std::vector<uint32_t>& source) {
  if (values.empty()) return;
  std::vector<T> out;
  out.reserve(source.size());
  for (const uint32_t from : source) out.push_back(values[from]);
  values = std::move(out);
}

/// A polygon's corner is the vertex that its triangles have there now.
void renumber(Polygons& polygons, const std::vector<Triangle>& before, const std::vector<Triangle>& now) {
  size_t t = 0, corner = 0;
  std::unordered_map<uint32_t, uint32_t> vertex;
  for (const uint32_t size : polygons.sizes) {
    vertex.clear();
    for (uint32_t i = 0; i + 2 < size; ++i, ++t)
      for (size_t c = 0; c < 3; ++c) vertex.emplace(before[t][c], now[t][c]);
    for (uint32_t i = 0; i < size; ++i, ++corner) polygons.corners[corner] = vertex.at(polygons.corners[corner]);
  }
}

constexpr uint32_t kNoVertex = ~uint32_t{0};

}  // namespace

Mesh joined(const MeshScene& scene) {
  Mesh out;
  for (const SceneMesh& m : scene.meshes) {
    const auto first = static_cast<uint32_t>(out.positions.size());
    out.positions.insert(out.positions.end(), m.mesh.positions.begin(), m.mesh.positions.end());
    for (const Triangle& t : m.mesh.triangles) out.triangles.push_back({first + t[0], first + t[1], first + t[2]});
  }
  return out;
}

Mesh welded(const MeshScene& scene) {
  const Mesh all = joined(scene);
  std::vector<uint32_t> order(all.positions.size()), place(order.size());
  for (uint32_t v = 0; v < order.size(); ++v) order[v] = v;
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return std::pair(all.positions[a], a) < std::pair(all.positions[b], b); });
  // The first vertex at a place stands for all; they stay in their order.
  std::vector<uint32_t> first(order.size());
  for (size_t i = 0; i < order.size(); ++i) first[order[i]] = i > 0 && all.positions[order[i]] == all.positions[order[i - 1]] ? first[order[i - 1]] : order[i];
  Mesh out;
  for (uint32_t v = 0; v < first.size(); ++v) {
    place[v] = first[v] == v ? static_cast<uint32_t>(out.positions.size()) : place[first[v]];
    if (first[v] == v) out.positions.push_back(all.positions[v]);
  }
  for (const auto& [a, b, c] : all.triangles) {
    const Triangle t{place[a], place[b], place[c]};
    if (t[0] != t[1] && t[1] != t[2] && t[2] != t[0]) out.triangles.push_back(t);
  }
  return out;
}

void add_normals(SceneMesh& mesh, float crease) {
  // Corners at one place are shaded together, also where a texture has its seam.
  Mesh places;
  std::vector<uint32_t> place_of(mesh.mesh.positions.size()), order(place_of.size());
  for (uint32_t v = 0; v < order.size(); ++v) order[v] = v;
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return std::pair(mesh.mesh.positions[a], a) < std::pair(mesh.mesh.positions[b], b); });
  for (const uint32_t v : order) {
    if (places.positions.empty() || places.positions.back() != mesh.mesh.positions[v]) places.positions.push_back(mesh.mesh.positions[v]);
    place_of[v] = static_cast<uint32_t>(places.positions.size() - 1);
  }
  for (const Triangle& t : mesh.mesh.triangles) places.triangles.push_back({place_of[t[0]], place_of[t[1]], place_of[t[2]]});
  const ShadedMesh made = shaded(places, crease);
  // A vertex for each pair of what was there and a normal.
  ShadedMesh out;
  std::vector<uint32_t> source, first(mesh.mesh.positions.size(), kNoVertex), next, normal_of;
  for (size_t t = 0; t < made.triangles.size(); ++t) {
    Triangle corners{};
    for (size_t c = 0; c < 3; ++c) {
      const uint32_t old = mesh.mesh.triangles[t][c], normal = made.triangles[t][c];
      uint32_t at = first[old];
      while (at != kNoVertex && normal_of[at] != normal) at = next[at];
      if (at == kNoVertex) {
        at = static_cast<uint32_t>(source.size());
        source.push_back(old);
        normal_of.push_back(normal);
        next.push_back(first[old]);
        first[old] = at;
        out.positions.push_back(mesh.mesh.positions[old]);
        out.normals.push_back(made.normals[normal]);
      }
      corners[c] = at;
    }
    out.triangles.push_back(corners);
  }
  renumber(mesh.polygons, mesh.mesh.triangles, out.triangles);
  mesh.mesh = std::move(out);
  take(mesh.uvs, source);
  take(mesh.colours, source);
}

}  // namespace ptah
