// What placing one thing has to know.
#pragma once

#include <map>

#include "scene/layout.h"

namespace ptah {

/// A thing that is to be placed.
struct SceneTask {
  const SceneObject* object = nullptr;
  std::shared_ptr<const SceneModel> model;
  KindPlace place;
  std::vector<const SceneRelation*> relations;  ///< its own
  std::vector<const SceneRelation*> pairs;      ///< "between" of others that name it: it has to leave room for them
  std::array<float, 4> reserve{};               ///< metres that others need: left, right, front, back
  bool relaxed = false;                         ///< its relations are given up
  const SceneRelation* relation(std::string_view is) const;
};

/// A place for a thing, with how good it is.
struct SceneSpot {
  ScenePose pose;
  std::string on = "floor";
  float score = 0;
};

/// What stands so far.
struct SceneState {
  SceneRoom room;
  std::map<std::string, const SceneTask*> tasks;
  std::vector<PlacedThing> placed;
  uint64_t seed = 0;

  const PlacedThing* find(const std::string& id) const;
  float half_width() const { return room.width / 2; }
  float half_depth() const { return room.depth / 2; }
};

/// A wall as a frame: positions along it, and how far into the room.
struct WallFrame {
  Wall wall;
  float half_length = 0;
  float turn = 0;  ///< of what has its back to it
  Vec3 at(const SceneRoom& room, float along, float into) const;
};
WallFrame wall_frame(const SceneRoom& room, Wall wall);
/// How far along a wall, and how far from it, a place is.
Vec2 wall_place(const SceneRoom& room, Wall wall, const Vec3& at);
/// The gap between a thing and a wall.
float wall_gap(const SceneRoom& room, Wall wall, const Footprint& foot);
/// Gives a room the doors and windows that it lacks.
void add_usual_openings(SceneRoom& room, const ScenePlaces& places);

/// Whether a thing may stand there, whatever its relations: within the room, through nothing, openings and what needs room before it free.
bool is_free(const SceneState& state, const SceneTask& task, const PlacedThing& thing);
/// Whether two things are related, so that one may stand in the other's way.
bool related(const SceneState& state, const std::string& a, const std::string& b);
/// Whether a thing's relations hold there.
/// How far apart two things may be for what the program puts between them, in metres; 0 for nothing.
float room_between(const SceneState& state, const std::string& a, const std::string& b);
bool holds(const SceneState& state, const SceneTask& task, const PlacedThing& thing);

/// Poses that may be good for a thing, not checked.
std::vector<SceneSpot> scene_candidates(const SceneState& state, const SceneTask& task);
/// Places on another thing, checked for lying flat; `within`: in a container.
std::vector<SceneSpot> surface_candidates(const SceneState& state, const SceneTask& task, const PlacedThing& support, bool within);
/// The best places, at most `count`, all free and with their relations.
std::vector<SceneSpot> scene_spots(const SceneState& state, const SceneTask& task, size_t count);

}  // namespace ptah
