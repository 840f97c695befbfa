// From a sentence, or a scene program, to a work: things placed one by one, one GLB with a node for each, a picture.
#pragma once

#include "base/progress.h"
#include "pipelines/scene/scene_library.h"
#include "scene/build.h"
#include "schema/schema.h"
#include "work/plan.h"
#include "work/receipt.h"

namespace ptah {

/// All that can be asked of `scene`.
struct SceneTaskRequest {
  std::string prompt;                   ///< a sentence, or several
  std::string program;                  ///< instead: a scene program (scene.json)
  std::vector<std::string> edits = {};  ///< changes by words, one after the other
  uint64_t seed = 0;                    ///< where several places are as good, which one
  int64_t size = 768;                   ///< edge of the picture in pixels
  float azimuth = 25, elevation = 35;   ///< of the picture, degrees
};
const SchemaOf<SceneTaskRequest>& scene_schema();
/// What a receipt calls a work of a scene.
inline constexpr const char* kSceneKind = "scene";

/// A scene that is laid out.
struct ReadyScene {
  SceneProgram program;  ///< with poses, the room's size and what was left out
  SceneProgram asked;    ///< the same before anything was placed
  SceneLayout layout;
  Json shapes = Json::object();  ///< the digest of each shape that was used
};
/// Errors: invalid_argument (words that name nothing, edits that change nothing), corrupt (the program), those of lay_out(); cancelled.
Result<ReadyScene> ready_scene(const SceneLibrary& library, const SceneTaskRequest& task, const ProgressCallback& progress = {},
                               const CancelToken* cancel = nullptr);
/// Of a program that is read already.
Result<ReadyScene> ready_scene(const SceneLibrary& library, SceneProgram program, const CancelToken* cancel = nullptr);

/// scene.json, scene.glb, picture.png and a receipt. `note` gets what could not be done as asked. Errors: as ready_scene().
Result<Work> scene_work(const SceneLibrary& library, const SceneTaskRequest& task, const ProgressCallback& progress = {},
                        const std::function<void(const std::string&)>& note = {}, const CancelToken* cancel = nullptr);
/// The work of a receipt again: its program is laid out, its words are not read again. Errors: also mismatch, if a shape of the library is another one than
/// then.
Result<Work> replay_scene(const SceneLibrary& library, const Json& receipt, const ProgressCallback& progress = {}, const CancelToken* cancel = nullptr);
/// What it takes: the words are read, nothing is placed.
Result<Plan> plan_scene(const SceneLibrary& library, const SceneTaskRequest& task);

}  // namespace ptah
