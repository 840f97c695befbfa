// Scene programs: a room, what stands in it, and how the things stand to each other. Stored in a work as scene.json, which can be edited and given back.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "geometry/mesh.h"

namespace ptah {

/// The walls as seen from the front, inside the room: back is at -z, right at +x, front at +z, left at -x.
enum class Wall : uint8_t { back, right, front, left };
constexpr std::array<Wall, 4> kWalls{Wall::back, Wall::right, Wall::front, Wall::left};
const char* wall_name(Wall wall);

/// A door or a window. `at`: its middle along the wall from the wall's middle, towards +x or +z. Metres. Without a width the layout says where it is.
struct SceneOpening {
  bool door = false;
  Wall wall = Wall::left;
  float at = 0, width = 1.2F, height = 1.2F, sill = 0.92F;
  bool operator==(const SceneOpening&) const = default;
};

struct SceneRoom {
  std::string kind = "room";
  bool outdoor = false;        ///< a ground without walls and ceiling
  float width = 0, depth = 0;  ///< along x and z, in metres; 0: as large as the objects need
  float height = 2.6F;
  std::vector<SceneOpening> openings;
  std::string floor, walls;  ///< "oak", "plaster white": a material and a colour of shape programs; empty: the usual one of its kind
  bool operator==(const SceneRoom&) const = default;
};

/// Where a thing stands: the middle of the underside of its box, and degrees about the vertical axis; 0 faces the front (+z), 90 the right (+x).
struct ScenePose {
  Vec3 at{};
  float turn = 0;
  bool operator==(const ScenePose&) const = default;
};

struct SceneObject {
  std::string id, kind;
  Json parameters = Json::object();  ///< of the kind's shape program, those that are not at their default
  bool lying = false;                ///< on its back
  std::optional<ScenePose> pose;     ///< given: it stays there
  std::string on;                    ///< what carries it: an id, "floor", "wall", "ceiling"; written with the pose
  bool operator==(const SceneObject&) const = default;
};

/// One thing's place relative to others. `is`: one of scene_relations(); `to`: ids, or for relations to the room none or the name of a wall.
struct SceneRelation {
  std::string is, of;
  std::vector<std::string> to;
  bool assumed = false;  ///< nobody said it: what is usual
  bool operator==(const SceneRelation&) const = default;
};
const std::vector<std::string>& scene_relations();

struct SceneProgram {
  std::string title;
  uint64_t seed = 0;
  SceneRoom room;
  std::vector<SceneObject> objects;
  std::vector<SceneRelation> relations;
  std::vector<std::string> left_out;  ///< what was asked for and is not there, a sentence each
  const SceneObject* find(const std::string& id) const;
  SceneObject* find(const std::string& id);
  bool operator==(const SceneProgram&) const = default;
};

constexpr int kSceneVersion = 1;
constexpr size_t kMaxSceneObjects = 200, kMaxSceneBytes = size_t{1} << 20;

Json scene_json(const SceneProgram& program);
/// Errors: corrupt, naming the member; unsupported for a later version; over_budget for too many objects. Kinds and parameters are checked where they are made.
Result<SceneProgram> scene_from_json(const Json& json);

}  // namespace ptah
