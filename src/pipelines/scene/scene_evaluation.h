// How well sentences become scenes.
#pragma once

#include "pipelines/scene/scene_work.h"
#include "scene/evaluate/measures.h"

namespace ptah {

/// Makes the scene of each sentence and measures its GLB, which is read back. {"sentences", "made", "count", "attributes", "between_objects", "to_room",
/// "supported", "settled", "apart", "inside", "clear", "navigable", "milliseconds", "thirty"}: shares from 0 to 1. `wrong` gets what is not as it should be.
/// Errors: cancelled.
Result<Json> evaluate_scenes(const SceneLibrary& library, const std::vector<SceneExpectation>& sentences, uint64_t seed, std::vector<std::string>& wrong,
                             const CancelToken* cancel = nullptr);

/// What a room of 30 things takes: {"objects", "making", "placing", "all"} in milliseconds, the best of three. `making`: words and solids; `placing`: with the
/// solids at hand; `all`: both, and the GLB with its textures. Errors: those of ready_scene and build_scene.
Result<Json> time_scene_of_thirty(const SceneLibrary& library, const CancelToken* cancel = nullptr);

}  // namespace ptah
