#include "media/mesh/edit/scene_edit.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <span>
#include <unordered_map>

#include "geometry/bvh.h"
#include "geometry/convex_hull.h"
#include "geometry/pair_triangles.h"
#include "geometry/primitives.h"

namespace ptah {

namespace {

/// A name of one node: no step of a path.
std::string node_name(std::string name) {
  std::replace(name.begin(), name.end(), '/', '_');
  return name.empty() ? "object" : name;
}

std::vector<Vec3> all_positions(const MeshScene& scene) {
  std::vector<Vec3> out;
  for (const SceneMesh& m : scene.meshes)
    for (const Triangle& t : m.mesh.triangles)
      for (const uint32_t v : t) out.push_back(m.mesh.positions[v]);
  return out;
}

}  // namespace

Vec3 pivot_shift(const Vec3& low, const Vec3& high, Pivot pivot) {
  if (pivot == Pivot::keep) return {};
  const Vec3 middle = (low + high) * 0.5F;
  return Vec3{} - (pivot == Pivot::centre ? middle : Vec3{middle[0], low[1], middle[2]});
}

void move_scene(MeshScene& scene, const Vec3& by) {
  for (SceneMesh& m : scene.meshes)
    for (Vec3& p : m.mesh.positions) p = p + by;
}

Result<std::array<size_t, kLevels>> add_levels(MeshScene& scene, const std::string& name, const CancelToken* cancel) {
  const MeshScene whole = scene;
  MeshScene level = scene;
  std::array<size_t, kLevels> counts{triangle_count(whole)};
  scene.meshes.clear();
  for (size_t k = 0; k < kLevels; ++k) {
    if (k > 0) {
      level.meshes = whole.meshes;
      PTAH_TRY(counts[k], reduce_scene(level, counts[0] >> k, cancel));
    }
    for (SceneMesh mesh : level.meshes) {
      mesh.path = fmt::format("{}_LOD{}/{}", node_name(name), k, mesh.path);
      scene.meshes.push_back(std::move(mesh));
    }
  }
  return counts;
}

Result<void> add_collider(MeshScene& scene, const std::string& name, Collider collider, const CancelToken* cancel) {
  if (collider == Collider::none) return {};
  const std::vector<Vec3> positions = all_positions(scene);
  Mesh mesh;
  if (collider == Collider::hull) {
    PTAH_TRY(mesh, convex_hull(positions, cancel));
  } else {
    if (positions.empty()) return fail(ErrorCode::invalid_argument, "a scene without triangles");
    const Box box = Box::of(positions);
    const Vec3 size = box.high - box.low;
    if (!(size[0] > 0 && size[1] > 0 && size[2] > 0)) return fail(ErrorCode::invalid_argument, "all of it lies in one plane: there is no box with a volume");
    mesh = triangulated(box_mesh(size[0], size[1], size[2]));
    // Its corners are those of the box to the bit.
    const Box made = Box::of(mesh.positions);
    for (Vec3& p : mesh.positions)
      for (size_t i = 0; i < 3; ++i) p[i] = p[i] == made.low[i] ? box.low[i] : box.high[i];
  }
  SceneMaterial unseen;
  unseen.name = "collider";
  unseen.base_color = {1, 1, 1, 0};
  scene.materials.push_back(unseen);
  SceneMesh node;
  node.path = node_name(name) + "_collider";
  node.mesh = shaded(mesh);
  node.material = static_cast<uint32_t>(scene.materials.size() - 1);
  scene.meshes.push_back(std::move(node));
  return {};
}

void make_quads(MeshScene& scene) {
  for (SceneMesh& m : scene.meshes) {
    if (!m.polygons.empty()) continue;
    const Faces faces = paired(m.mesh.positions, m.mesh.triangles);
    m.mesh.triangles.clear();
    for (const auto& [a, b, c, d] : faces) {
      const bool quad = c != d;
      m.polygons.sizes.push_back(quad ? 4 : 3);
      m.polygons.corners.insert(m.polygons.corners.end(), {a, b, c});
      if (quad) m.polygons.corners.push_back(d);
      m.mesh.triangles.push_back({a, b, c});
      if (quad) m.mesh.triangles.push_back({a, c, d});
    }
  }
}

namespace {

/// Of each triangle of each mesh with this path: its body, by the lowest number of a place in it.
std::vector<std::vector<uint32_t>> bodies_of(const std::vector<const SceneMesh*>& meshes) {
  std::map<Vec3, uint32_t> seen;
  std::vector<uint32_t> parent;
  const auto root = [&](uint32_t v) {
    while (parent[v] != v) v = parent[v] = parent[parent[v]];
    return v;
  };
  const auto place = [&](const Vec3& p) {
    const auto [found, added] = seen.emplace(p, static_cast<uint32_t>(parent.size()));
    if (added) parent.push_back(found->second);
    return found->second;
  };
  std::vector<std::vector<uint32_t>> out(meshes.size());
  for (size_t m = 0; m < meshes.size(); ++m)
    for (const Triangle& t : meshes[m]->mesh.triangles) {
      const uint32_t first = place(meshes[m]->mesh.positions[t[0]]);
      out[m].push_back(first);
      for (const uint32_t v : {t[1], t[2]}) {
        const uint32_t a = root(first), b = root(place(meshes[m]->mesh.positions[v]));
        parent[std::max(a, b)] = std::min(a, b);
      }
    }
  for (auto& bodies : out)
    for (uint32_t& body : bodies) body = root(body);
  return out;
}

/// Where the polygons of a mesh begin: of each triangle that is the first of one, its corner and its size; a size of 0 for others.
std::vector<std::pair<size_t, uint32_t>> polygon_begins(const SceneMesh& mesh) {
  std::vector<std::pair<size_t, uint32_t>> out(mesh.mesh.triangles.size());
  size_t triangle = 0, corner = 0;
  for (const uint32_t size : mesh.polygons.sizes) {
    out[triangle] = {corner, size};
    corner += size;
    triangle += size - 2;
  }
  return out;
}

/// Some triangles of a mesh, with the vertices that they use.
SceneMesh part_of(const SceneMesh& mesh, std::span<const uint32_t> triangles, const std::vector<std::pair<size_t, uint32_t>>& polygons, std::string path) {
  SceneMesh out{.path = std::move(path), .mesh = {}, .material = mesh.material, .uvs = {}, .colours = {}, .polygons = {}, .extras = mesh.extras};
  std::unordered_map<uint32_t, uint32_t> index;
  const auto vertex = [&](uint32_t v) {
    const auto [found, added] = index.emplace(v, static_cast<uint32_t>(out.mesh.positions.size()));
    if (added) {
      out.mesh.positions.push_back(mesh.mesh.positions[v]);
      out.mesh.normals.push_back(mesh.mesh.normals[v]);
      if (!mesh.uvs.empty()) out.uvs.push_back(mesh.uvs[v]);
      if (!mesh.tangents.empty()) out.tangents.push_back(mesh.tangents[v]);
      if (!mesh.colours.empty()) out.colours.push_back(mesh.colours[v]);
    }
    return found->second;
  };
  for (const uint32_t t : triangles) {
    const auto [a, b, c] = mesh.mesh.triangles[t];
    out.mesh.triangles.push_back({vertex(a), vertex(b), vertex(c)});
    const auto [corner, size] = polygons[t];
    if (size > 0) out.polygons.sizes.push_back(size);
    for (uint32_t i = 0; i < size; ++i) out.polygons.corners.push_back(vertex(mesh.polygons.corners[corner + i]));
  }
  return out;
}

}  // namespace

void separate_bodies(MeshScene& scene) {
  std::map<std::string, std::vector<size_t>> by_path;
  for (size_t m = 0; m < scene.meshes.size(); ++m) by_path[scene.meshes[m].path].push_back(m);
  std::vector<SceneMesh> out;
  for (size_t m = 0; m < scene.meshes.size(); ++m) {
    const std::vector<size_t>& here = by_path[scene.meshes[m].path];
    if (here.front() != m) continue;
    std::vector<const SceneMesh*> meshes;
    for (const size_t i : here) meshes.push_back(&scene.meshes[i]);
    const auto bodies = bodies_of(meshes);
    std::map<uint32_t, std::vector<std::vector<uint32_t>>> triangles;  // of a body, by the mesh; bodies in the order of their first places
    for (size_t i = 0; i < bodies.size(); ++i)
      for (uint32_t t = 0; t < bodies[i].size(); ++t) {
        auto& lists = triangles[bodies[i][t]];
        lists.resize(meshes.size());
        lists[i].push_back(t);
      }
    std::vector<std::vector<std::pair<size_t, uint32_t>>> polygons;
    for (const SceneMesh* mesh : meshes) polygons.push_back(polygon_begins(*mesh));
    size_t number = 0;
    for (const auto& [body, lists] : triangles) {
      ++number;
      for (size_t i = 0; i < meshes.size(); ++i) {
        if (lists[i].empty()) continue;
        const std::string name = meshes[i]->path.empty() ? node_name(scene.name) : meshes[i]->path;
        out.push_back(part_of(*meshes[i], lists[i], polygons[i], triangles.size() > 1 ? fmt::format("{} {}", name, number) : name));
      }
    }
  }
  scene.meshes = std::move(out);
}

}  // namespace ptah
