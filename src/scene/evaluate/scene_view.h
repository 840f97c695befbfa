// A finished scene as its GLB has it, for measuring: nothing here knows how it was placed.
#pragma once

#include <map>

#include "media/mesh_scene.h"
#include "scene/pose.h"

namespace ptah {

/// A thing of the file.
struct ViewedThing {
  std::string kind;
  Json parameters = Json::object();
  PlacedThing thing;                                            ///< its own mesh, box and turn
  std::vector<std::pair<std::string, float>> areas;             ///< names of materials, and square metres of each
  std::vector<float> metallic;                                  ///< of the same
  std::vector<std::pair<std::array<float, 3>, float>> colours;  ///< the same by base colour, sRGB
};

/// A door or window: the box around it, and its wall.
struct ViewedOpening {
  bool door = false;
  std::string wall;
  Vec3 low{}, high{};
};

struct SceneView {
  std::vector<ViewedThing> things;
  std::vector<ViewedOpening> openings;
  bool outdoor = false;
  float width = 0, depth = 0, height = 2.6F;
  /// From a wall (-1 where there are none): how far the thing's nearest place is from the nearest wall.
  std::array<float, 4> wall_gaps(const PlacedThing& thing) const;  ///< back, right, front, left
};

/// Reads scene.glb of a scene's work. Errors: corrupt; invalid_argument for a file that is no scene.
Result<SceneView> view_scene(std::span<const uint8_t> glb);

}  // namespace ptah
