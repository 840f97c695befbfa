// How well a finished scene is what a sentence asks for: the measures of SceneEval (Tam et al. 2025), read from the scene's file.
#pragma once

#include "scene/evaluate/scene_view.h"

namespace ptah {

/// A sentence with what has to be there.
struct SceneExpectation {
  std::string text, room;
  std::map<std::string, int> objects;  ///< kinds, and how many of each
  Json attributes = Json::array();     ///< {"of": kind, "count": n, "color"|"material": word, "width"|"height"|"depth": [low, high], "set": {…}}
  Json relations = Json::array();      ///< [relation, kind, kind or kinds with commas, at least so many]
};
/// One JSON object a line. Errors: corrupt, naming the line.
Result<std::vector<SceneExpectation>> read_scene_expectations(const std::string& text);

struct Share {
  int64_t right = 0, of = 0;
  void add(bool is) { right += is ? 1 : 0, ++of; }
  void add(const Share& other) { right += other.right, of += other.of; }
  Json json() const;
};

struct SceneMeasures {
  Share count, attributes, between_objects, to_room;  ///< of what the sentence says
  Share supported, settled;                           ///< of things: within 1 cm of what carries them, within 1 mm
  Share apart, inside;                                ///< of things: no surface in another one once moved 5 mm away; all of it within the room
  Share clear;                                        ///< of doors and windows
  double navigable = 1;                               ///< the share of the free floor that a robot 0.2 m wide reaches
  std::vector<std::string> wrong;                     ///< what is not as it should be, a line each
};

/// Contacts are those of the meshes: a pair collides if its surfaces still cross after the one is moved by 5 mm up, down or straight away from the other.
SceneMeasures measure_scene(const SceneView& view, const SceneExpectation& expected);

}  // namespace ptah
