// 3D scenes of sentences: rooms and grounds with things that stand in relation to each other.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ptah/engine.h"
#include "ptah/result.h"
#include "ptah/seed.h"

namespace ptah {

/// Unset fields have these defaults. One of `prompt` and `program` has to be given.
struct SceneRequest {
  std::string prompt;                   ///< a sentence or several: "a bedroom with a double bed, two bedside tables and a lamp on each"
  std::string program;                  ///< instead: the text of a scene.json (docs/scenes.md)
  std::vector<std::string> edits = {};  ///< "move the lamp to the left of the sofa", "remove the rug", "add a chair", "make the sofa red"
  Seed seed = 0;                        ///< of places that are as good as others
  std::int64_t size = 768;              ///< edge of the picture in pixels
  float azimuth = 25;                   ///< of the picture: degrees from the front to the right
  float elevation = 35;                 ///< of the picture: degrees from above
};

/// scene.glb (a node for each thing, equal ones share a mesh; metres, y up), scene.json (the program with all places), picture.png and a receipt;
/// Engine::replay makes it again. Fails with "invalid_argument" (words that name nothing, edits that change nothing), "corrupt" (the program), "cancelled".
Outcome<MadeWork> make_scene(const SceneRequest& request, const MakeOptions& options = {});
/// Memory and time; the words are read, nothing is placed.
Outcome<MakePlan> plan_make_scene(const SceneRequest& request, const MakeOptions& options = {});

}  // namespace ptah
