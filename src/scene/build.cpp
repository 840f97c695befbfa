#include "scene/build.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "render/mesh_scene.h"
#include "scene/surfaces.h"
#include "shape/material.h"

namespace ptah {

namespace {

constexpr float kWallThick = 0.1F, kFloorThick = 0.1F;

std::array<float, 3> to_linear(const std::array<float, 3>& srgb) { return {linear_of(srgb[0]), linear_of(srgb[1]), linear_of(srgb[2])}; }

SceneMaterial scene_material(const Material& m) {
  const auto colour = to_linear(m.albedo);
  SceneMaterial out{.name = m.name, .base_color = {colour[0], colour[1], colour[2], m.opacity}, .roughness = m.roughness, .metallic = m.metallic};
  out.emission = to_linear(m.emission);
  return out;
}

/// Puts meshes and materials together, each material once.
class Builder {
 public:
  explicit Builder(InstancedScene& out) : out_(out) {}
  uint32_t material(const Material& m) {
    const auto found = std::find(seen_.begin(), seen_.end(), m);
    if (found != seen_.end()) return static_cast<uint32_t>(found - seen_.begin());
    seen_.push_back(m);
    out_.scene.materials.push_back(scene_material(m));
    return static_cast<uint32_t>(seen_.size() - 1);
  }
  uint32_t mesh(const std::string& name, const Mesh& mesh, const Material& m) {
    SceneMesh one;
    one.path = name;
    one.mesh = shaded(mesh);
    one.material = material(m);
    out_.scene.meshes.push_back(std::move(one));
    return static_cast<uint32_t>(out_.scene.meshes.size() - 1);
  }
  /// A mesh of a covering: where on it each place lies, in metres from its upper left, and the direction in which that grows.
  template <class Place>
  uint32_t covered(const std::string& name, const Mesh& mesh, const Covering& covering, const Vec3& along, const Place& place) {
    SceneMesh one;
    one.path = name;
    one.mesh = shaded(mesh);
    one.material = static_cast<uint32_t>(out_.scene.materials.size());
    const auto same = [&](const auto& known) { return known.first == covering.material.base_color_texture.image; };
    const auto found = std::find_if(coverings_.begin(), coverings_.end(), same);
    if (found != coverings_.end()) {
      one.material = found->second;
    } else {
      coverings_.emplace_back(covering.material.base_color_texture.image, one.material);
      out_.scene.materials.push_back(covering.material);
      seen_.push_back({.name = "a covering"});
    }
    for (size_t i = 0; i < one.mesh.positions.size(); ++i) {
      const Vec2 at = place(one.mesh.positions[i]);
      one.uvs.push_back({std::clamp(at[0] / covering.width, 0.0F, 1.0F), std::clamp(at[1] / covering.height, 0.0F, 1.0F)});
      if (!covering.relief) continue;
      const Vec3& n = one.mesh.normals[i];
      Vec3 t = along - n * dot(n, along);
      if (length(t) < 1e-3F) t = Vec3{n[1], n[2], n[0]} - n * dot(n, Vec3{n[1], n[2], n[0]});
      t = t * (1 / length(t));
      const Vec3 up = cross(n, t);
      one.tangents.push_back({t[0], t[1], t[2], up[1] - up[2] >= 0 ? 1.0F : -1.0F});
    }
    out_.scene.meshes.push_back(std::move(one));
    return static_cast<uint32_t>(out_.scene.meshes.size() - 1);
  }
  MeshScene& scene() { return out_.scene; }
  void node(const std::string& name, std::vector<uint32_t> meshes, const ScenePose& pose, const Json& extras) {
    out_.instances.push_back({name, std::move(meshes), pose.at, pose.turn, extras.empty() ? std::string() : Json{{"ptah", extras}}.dump()});
  }

 private:
  InstancedScene& out_;
  std::vector<Material> seen_;
  std::vector<std::pair<int32_t, uint32_t>> coverings_;  ///< the first picture of each, and its material
};

/// A box from one corner to the other, added to a mesh.
void add_box(Mesh& mesh, const Vec3& low, const Vec3& high) {
  if (high[0] - low[0] < 1e-4F || high[1] - low[1] < 1e-4F || high[2] - low[2] < 1e-4F) return;
  const PolygonMesh box = box_mesh(high[0] - low[0], high[1] - low[1], high[2] - low[2]);
  const auto base = static_cast<uint32_t>(mesh.positions.size());
  const Mesh triangles = triangulated(box);
  for (const Vec3& p : triangles.positions) mesh.positions.push_back({p[0] + (low[0] + high[0]) / 2, p[1] + low[1], p[2] + (low[2] + high[2]) / 2});
  for (const auto& [a, b, c] : triangles.triangles) mesh.triangles.push_back({a + base, b + base, c + base});
}

/// A wall in its own frame: along x, into the room +z, its inner side at z = 0; openings cut out.
Mesh wall_mesh(const SceneRoom& room, Wall wall, float half) {
  std::vector<const SceneOpening*> openings;
  for (const SceneOpening& o : room.openings)
    if (o.wall == wall) openings.push_back(&o);
  std::sort(openings.begin(), openings.end(), [](const SceneOpening* a, const SceneOpening* b) { return a->at < b->at; });
  // In the frame of a wall that has its back outside x runs against "along" on the front and the left.
  Mesh out;
  float from = -half;
  for (const SceneOpening* o : openings) {
    const float low = std::clamp(o->at - o->width / 2, from, half), high = std::clamp(o->at + o->width / 2, low, half);
    add_box(out, {from, 0, -kWallThick}, {low, room.height, 0});
    add_box(out, {low, 0, -kWallThick}, {high, std::min(o->sill, room.height), 0});
    add_box(out, {low, std::min(o->sill + o->height, room.height), -kWallThick}, {high, room.height, 0});
    from = high;
  }
  add_box(out, {from, 0, -kWallThick}, {half, room.height, 0});
  return out;
}

/// Moves what was made along x for a wall to where the wall is: "along" is +x on the back and front, +z on the sides.
Mesh on_wall(Mesh mesh, const SceneRoom& room, Wall wall) {
  for (Vec3& p : mesh.positions) {
    switch (wall) {
      case Wall::back:
        p = {p[0], p[1], p[2] - room.depth / 2};
        break;
      case Wall::front:
        p = {p[0], p[1], room.depth / 2 - p[2]};
        break;
      case Wall::left:
        p = {p[2] - room.width / 2, p[1], p[0]};
        break;
      case Wall::right:
        p = {room.width / 2 - p[2], p[1], p[0]};
        break;
    }
  }
  // Two of the four are mirrored.
  if (wall == Wall::front || wall == Wall::left)
    for (Triangle& t : mesh.triangles) std::swap(t[1], t[2]);
  return mesh;
}

Json wall_extras(Wall wall) { return {{"wall", wall_name(wall)}}; }

void add_openings(Builder& builder, const SceneRoom& room) {
  const Material frame = *surface_material("plaster white");
  const Material leaf = *surface_material("oak");
  Material pane = *material_of("glass");
  int doors = 0, windows = 0;
  for (const SceneOpening& o : room.openings) {
    const float l = o.at - o.width / 2, h = o.at + o.width / 2, top = o.sill + o.height;
    if (o.door) {
      Mesh mesh;
      add_box(mesh, {l + 0.005F, 0.005F, -0.07F}, {h - 0.005F, top - 0.005F, -0.03F});
      builder.node(fmt::format("door {}", ++doors), {builder.mesh("door", on_wall(mesh, room, o.wall), leaf)}, {}, wall_extras(o.wall));
      continue;
    }
    constexpr float kBar = 0.05F;
    Mesh bars, glass;
    add_box(bars, {l, o.sill, -0.08F}, {h, o.sill + kBar, -0.02F});
    add_box(bars, {l, top - kBar, -0.08F}, {h, top, -0.02F});
    add_box(bars, {l, o.sill + kBar, -0.08F}, {l + kBar, top - kBar, -0.02F});
    add_box(bars, {h - kBar, o.sill + kBar, -0.08F}, {h, top - kBar, -0.02F});
    add_box(bars, {o.at - kBar / 2, o.sill + kBar, -0.08F}, {o.at + kBar / 2, top - kBar, -0.02F});
    add_box(glass, {l + kBar, o.sill + kBar, -0.055F}, {o.at - kBar / 2, top - kBar, -0.045F});
    add_box(glass, {o.at + kBar / 2, o.sill + kBar, -0.055F}, {h - kBar, top - kBar, -0.045F});
    const uint32_t first = builder.mesh("window", on_wall(bars, room, o.wall), frame);
    builder.node(fmt::format("window {}", ++windows), {first, builder.mesh("window glass", on_wall(glass, room, o.wall), pane)}, {}, wall_extras(o.wall));
  }
}

Result<void> add_floor(Builder& builder, const SceneRoom& room, const std::string& words, int64_t texels) {
  PTAH_TRY(const Material material, surface_material(words));
  Mesh slab;
  const float margin = room.outdoor ? 0 : kWallThick;
  add_box(slab, {-room.width / 2 - margin, -kFloorThick, -room.depth / 2 - margin}, {room.width / 2 + margin, 0, room.depth / 2 + margin});
  const Json extras{{"floor", {room.width, room.depth}}, {"height", room.height}};
  const char* name = room.outdoor ? "ground" : "floor";
  Covering covering;
  if (texels > 0) {
    PTAH_TRY(covering, bake_covering(builder.scene(), as_floor(material), room.width + 2 * margin, room.depth + 2 * margin, true, texels));
  }
  if (covering.material.base_color_texture.image < 0) return builder.node(name, {builder.mesh("floor", slab, material)}, {}, extras), Result<void>{};
  const auto place = [&](const Vec3& p) { return Vec2{p[0] + room.width / 2 + margin, p[2] + room.depth / 2 + margin}; };
  builder.node(name, {builder.covered("floor", slab, covering, {1, 0, 0}, place)}, {}, extras);
  return {};
}

Result<void> add_walls(Builder& builder, const SceneRoom& room, int64_t texels) {
  PTAH_TRY(const Material plaster, surface_material(room.walls.empty() ? "plaster cream" : room.walls));
  const float longest = std::max(room.width, room.depth) + 2 * kWallThick;
  Covering covering;
  if (texels > 0 && !room.walls.empty()) {  // what nobody asked for is plain plaster
    PTAH_TRY(covering, bake_covering(builder.scene(), as_wall(plaster), longest, room.height, false, texels));
  }
  for (const Wall wall : kWalls) {
    const bool side = wall == Wall::left || wall == Wall::right;
    const float half = (side ? room.depth / 2 : room.width / 2 + kWallThick);
    const std::string name = fmt::format("wall {}", wall_name(wall));
    const Mesh mesh = on_wall(wall_mesh(room, wall, half), room, wall);
    const auto place = [&](const Vec3& p) { return Vec2{(side ? p[2] : p[0]) + longest / 2, room.height - p[1]}; };
    const bool plain = covering.material.base_color_texture.image < 0;
    const uint32_t index = plain ? builder.mesh(name, mesh, plaster) : builder.covered(name, mesh, covering, side ? Vec3{0, 0, 1} : Vec3{1, 0, 0}, place);
    builder.node(name, {index}, {}, wall_extras(wall));
  }
  return {};
}

Result<void> add_room(Builder& builder, const SceneRoom& room, const ScenePlaces& places, int64_t texels) {
  const RoomKind& kind = places.room(room.kind);
  const std::string usual = !kind.floor.empty() ? kind.floor : room.outdoor ? "grass green" : "oak";
  PTAH_TRY_VOID(add_floor(builder, room, room.floor.empty() ? usual : room.floor, texels));
  if (room.outdoor) return {};
  PTAH_TRY_VOID(add_walls(builder, room, texels));
  add_openings(builder, room);
  return {};
}

bool is_lamp(const std::string& kind) {
  return kind == "table_lamp" || kind == "floor_lamp" || kind == "ceiling_lamp" || kind == "street_lamp" || kind == "lantern" || kind == "candle";
}

/// Which wall a node belongs to; nothing for all others.
std::optional<Wall> wall_of_extras(const std::string& extras) {
  if (extras.empty()) return std::nullopt;
  const auto json = parse_json(extras, 64);
  if (!json || !json->is_object() || !json->contains("ptah") || !json->at("ptah").is_object()) return std::nullopt;
  const std::string name = text_at(json->at("ptah"), "wall");
  for (const Wall wall : kWalls)
    if (name == wall_name(wall)) return wall;
  return std::nullopt;
}

bool hides(Wall wall, float turn, bool all_round) {
  if (all_round) return true;
  // Where the camera is, seen from the middle: turn 0 is the front, 90 the right.
  constexpr std::array<float, 4> kOutwards{180, 90, 0, 270};
  const float angle = std::fmod(std::abs(turn - kOutwards[static_cast<size_t>(wall)]), 360.0F);
  return std::min(angle, 360 - angle) < 88;
}

}  // namespace

Result<InstancedScene> build_scene(const SceneLayout& layout, const SceneProgram& program, const ScenePlaces& places, int64_t texels) {
  InstancedScene out;
  out.scene.name = layout.room.kind;
  Builder builder(out);
  PTAH_TRY_VOID(add_room(builder, layout.room, places, texels));
  std::map<const SceneModel*, std::vector<uint32_t>> made;
  for (const PlacedThing& thing : layout.things) {
    auto& meshes = made[thing.model.get()];
    if (meshes.empty())
      for (const SceneModelPart& part : thing.model->parts) meshes.push_back(builder.mesh(thing.model->kind, part.mesh, part.material));
    const SceneObject* object = program.find(thing.id);
    Json extras{{"kind", thing.model->kind}};
    if (object && !object->parameters.empty()) extras["parameters"] = object->parameters;
    builder.node(thing.id, meshes, thing.pose, extras);
    if (is_lamp(thing.model->kind)) {
      const float up = thing.model->kind == "ceiling_lamp" ? -0.05F : thing.model->size[1] * 0.8F;
      out.lights.push_back({fmt::format("{} light", thing.id), thing.pose.at + Vec3{0, up, 0}, {1, 0.82F, 0.6F}, thing.model->kind == "candle" ? 1.0F : 40.0F});
    }
  }
  return out;
}

Result<RenderScene> render_scene(const InstancedScene& scene, float turn, bool all_round) {
  MeshScene flat;
  flat.materials = scene.scene.materials;
  flat.images = scene.scene.images;
  for (const SceneInstance& instance : scene.instances) {
    if (const auto wall = wall_of_extras(instance.extras); wall && hides(*wall, turn, all_round)) continue;
    const Turn by = Turn::of(instance.turn);
    for (const uint32_t index : instance.meshes) {
      SceneMesh mesh = scene.scene.meshes[index];
      for (Vec3& p : mesh.mesh.positions) {
        const Vec2 q = by(p[0], p[2]);
        p = Vec3{q[0], p[1], q[1]} + instance.at;
      }
      for (Vec3& n : mesh.mesh.normals) {
        const Vec2 q = by(n[0], n[2]);
        n = {q[0], n[1], q[1]};
      }
      for (auto& t : mesh.tangents) {
        const Vec2 q = by(t[0], t[2]);
        t[0] = q[0], t[2] = q[1];
      }
      flat.meshes.push_back(std::move(mesh));
    }
  }
  return render_scene(flat);
}

void leave_out_walls(MeshScene& scene, float turn, bool all_round) {
  std::erase_if(scene.meshes, [&](const SceneMesh& mesh) {
    const auto wall = wall_of_extras(mesh.extras);
    return wall && hides(*wall, turn, all_round);
  });
}

}  // namespace ptah
