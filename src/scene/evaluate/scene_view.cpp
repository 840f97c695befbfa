#include "scene/evaluate/scene_view.h"

#include <algorithm>
#include <cmath>

#include "media/mesh/mesh_reader.h"
#include "media/mesh_files.h"

namespace ptah {

namespace {

float encoded_srgb(float linear) { return linear <= 0.0031308F ? linear * 12.92F : 1.055F * std::pow(linear, 1 / 2.4F) - 0.055F; }

float area_of(const ShadedMesh& mesh) {
  double sum = 0;
  for (const auto& [a, b, c] : mesh.triangles)
    sum += static_cast<double>(length(cross(mesh.positions[b] - mesh.positions[a], mesh.positions[c] - mesh.positions[a]))) / 2;
  return static_cast<float>(sum);
}

/// Degrees about the vertical axis of each node, by its name.
Result<std::map<std::string, float>> turns_of(std::span<const uint8_t> glb) {
  PTAH_TRY(const std::string text, glb_json(glb));
  PTAH_TRY(const Json json, parse_json(text, 64));
  std::map<std::string, float> out;
  for (const Json& node : json.value("nodes", Json::array())) {
    if (!node.is_object() || !node.contains("rotation")) continue;
    const Json& q = node.at("rotation");
    out[text_at(node, "name")] = static_cast<float>(2 * std::atan2(q.at(1).get<double>(), q.at(3).get<double>()) * 57.29577951308232);
  }
  return out;
}

/// A thing of a mesh in the world: its own frame is turned back.
PlacedThing placed_mesh(const std::string& id, const Mesh& world, float turn) {
  auto model = std::make_shared<SceneModel>();
  PlacedThing out;
  out.id = id;
  const Turn by = Turn::of(std::round(turn * 100) / 100);
  model->mesh = world;
  Box box = Box::empty();
  for (Vec3& p : model->mesh.positions) {
    const Vec2 local = by.back(p[0], p[2]);
    p = {local[0], p[1], local[1]};
    box.add(p);
  }
  const Vec3 middle{(box.low[0] + box.high[0]) / 2, box.low[1], (box.low[2] + box.high[2]) / 2};
  std::vector<Box> boxes;
  for (Vec3& p : model->mesh.positions) p = p - middle;
  for (const Triangle& t : model->mesh.triangles) {
    Box one = Box::empty();
    for (const uint32_t v : t) one.add(model->mesh.positions[v]);
    boxes.push_back(one);
  }
  model->size = box.high - box.low;
  model->tree = Bvh(boxes);
  const Vec2 at = by(middle[0], middle[2]);
  out.pose = {{at[0], middle[1], at[1]}, turn};
  out.turn = by;
  out.model = std::move(model);
  return out;
}

}  // namespace

std::array<float, 4> SceneView::wall_gaps(const PlacedThing& thing) const {
  std::array<float, 4> out{1e9F, 1e9F, 1e9F, 1e9F};
  if (outdoor) return out;
  for (const Vec3& local : thing.model->mesh.positions) {
    const Vec3 p = thing.world(local);
    out = {std::min(out[0], p[2] + depth / 2), std::min(out[1], width / 2 - p[0]), std::min(out[2], depth / 2 - p[2]), std::min(out[3], p[0] + width / 2)};
  }
  return out;
}

Result<SceneView> view_scene(std::span<const uint8_t> glb) {
  PTAH_TRY(const MeshScene scene, decode_mesh_scene(glb, {}));
  PTAH_TRY(const auto turns, turns_of(glb));
  return guard([&]() -> Result<SceneView> {
    SceneView out;
    struct Gathered {
      Json extras;
      Mesh mesh;
      std::vector<std::pair<std::string, float>> areas;
      std::vector<std::pair<std::array<float, 3>, float>> colours;
      std::vector<float> metallic;
    };
    std::map<std::string, Gathered> nodes;
    for (const SceneMesh& mesh : scene.meshes) {
      const std::string name = mesh.path.substr(0, mesh.path.find('/'));
      Gathered& node = nodes[name];
      if (!mesh.extras.empty()) {
        PTAH_TRY(const Json json, parse_json(mesh.extras, 64));
        node.extras = json.value("ptah", Json::object());
      }
      const auto base = static_cast<uint32_t>(node.mesh.positions.size());
      node.mesh.positions.insert(node.mesh.positions.end(), mesh.mesh.positions.begin(), mesh.mesh.positions.end());
      for (const auto& [a, b, c] : mesh.mesh.triangles) node.mesh.triangles.push_back({a + base, b + base, c + base});
      const SceneMaterial& material = scene.materials.at(mesh.material);
      const float area = area_of(mesh.mesh);
      node.areas.emplace_back(material.name, area);
      node.metallic.push_back(material.metallic);
      node.colours.push_back({{encoded_srgb(material.base_color[0]), encoded_srgb(material.base_color[1]), encoded_srgb(material.base_color[2])}, area});
    }
    for (auto& [name, node] : nodes) {
      if (node.extras.contains("floor")) {
        out.width = node.extras.at("floor").at(0).get<float>(), out.depth = node.extras.at("floor").at(1).get<float>();
        out.height = node.extras.value("height", 2.6F);
        out.outdoor = name == "ground";
      } else if (node.extras.contains("wall")) {
        if (name.starts_with("wall")) continue;
        ViewedOpening opening{.door = name.starts_with("door"), .wall = text_at(node.extras, "wall")};
        const Box box = Box::of(node.mesh.positions);
        opening.low = box.low, opening.high = box.high;
        out.openings.push_back(opening);
      } else if (node.extras.contains("kind")) {
        const auto turn = turns.find(name);
        out.things.push_back({text_at(node.extras, "kind"), node.extras.value("parameters", Json::object()),
                              placed_mesh(name, node.mesh, turn == turns.end() ? 0 : turn->second), std::move(node.areas), std::move(node.metallic),
                              std::move(node.colours)});
      }
    }
    if (out.width <= 0) return fail(ErrorCode::invalid_argument, "this GLB is no scene: it has no floor");
    return out;
  });
}

}  // namespace ptah
