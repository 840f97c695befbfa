// Where the things of a scene stand: placed one by one relative to what stands already, with back-tracking (imperative layout: Gumin et al., "Procedural Scene
// Programs for Open-Universe Scene Generation", 2025). Distances of relations are those of SceneEval (Tam et al. 2025): next to within 0.5 m, near within
// 1.5 m, across 1.5 to 4 m, facing within 30 degrees, against a wall within 0.3 m.
#pragma once

#include "scene/places.h"
#include "scene/pose.h"

namespace ptah {

/// Most things that are tried in a room of one size before it grows.
constexpr int kMaxSceneTries = 200;

struct SceneLayout {
  SceneRoom room;                   ///< with its size and all openings
  std::vector<PlacedThing> things;  ///< in the order of the program's objects, without those that found no place
  std::vector<std::string> notes;   ///< what could not stand as it was asked for, a sentence each
  int tries = 0;                    ///< over all sizes of the room
};

/// Things that have a pose stay there. A room without a size grows until all fits. The same for the same program and seed. Errors: those of
/// SceneModels::make(); cancelled.
Result<SceneLayout> lay_out(const SceneProgram& program, SceneModels& models, const ScenePlaces& places, const CancelToken* cancel = nullptr);

/// The share of the floor that a robot 0.2 m wide reaches from its largest free part, on a grid of 256 x 256.
double navigable_share(float width, float depth, const std::vector<PlacedThing>& things);

}  // namespace ptah
