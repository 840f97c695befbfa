// How well sentences become scenes.
#pragma once

#include "pipelines/scene/scene_work.h"
#include "scene/evaluate/measures.h"

namespace ptah {

/// Makes the scene of each sentence and measures its GLB, which is read back. {"sentences", "made", "count", "attributes", "between_objects", "to_room",
/// "supported", "settled", "apart", "inside", "clear", "navigable", "milliseconds"}: shares from 0 to 1. `wrong` gets what is not as it should be. Errors:
/// cancelled.
Result<Json> evaluate_scenes(const SceneLibrary& library, const std::vector<SceneExpectation>& sentences, uint64_t seed, std::vector<std::string>& wrong,
                             const CancelToken* cancel = nullptr);

}  // namespace ptah
