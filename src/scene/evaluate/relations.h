// Relations as measured in a finished scene.
#pragma once

#include "scene/evaluate/scene_view.h"

namespace ptah {

/// Whether a relation between things holds; `others` are those of the other kinds.
bool relation_holds(const SceneView& view, const std::string& is, const ViewedThing& thing, const std::vector<const ViewedThing*>& others);
/// Whether it is one to the room, and whether it holds.
std::optional<bool> room_relation(const SceneView& view, const std::string& is, const ViewedThing& thing);
/// Whether something lies on another thing: above it, and their surfaces meet once it is `by` metres lower.
bool lies_on(const PlacedThing& thing, const PlacedThing& other, float by);

}  // namespace ptah
