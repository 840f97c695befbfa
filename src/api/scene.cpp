#include "ptah/scene.h"

#include "api/members.h"
#include "api/watch.h"
#include "pipelines/scene/scene_work.h"

namespace ptah {

Outcome<MadeWork> make_scene(const SceneRequest& request, const MakeOptions& options) {
  return outcome<MadeWork>([&] {
    ModelCache models;
    return made(scene_schema(), models, values_of(request), options);
  });
}

Outcome<MakePlan> plan_make_scene(const SceneRequest& request, const MakeOptions& options) {
  return outcome<MakePlan>([&] {
    ModelCache models;
    return planned(scene_schema(), models, values_of(request), options);
  });
}

}  // namespace ptah
