#include "ptah/render.h"

#include "api/members.h"
#include "api/watch.h"
#include "pipelines/rendering/render_work.h"

namespace ptah {

Outcome<MadeWork> render(const RenderRequest& request, const MakeOptions& options) {
  return outcome<MadeWork>([&] {
    ModelCache models;
    return made(render_schema(), models, values_of(request), options);
  });
}

Outcome<MakePlan> plan_render(const RenderRequest& request, const MakeOptions& options) {
  return outcome<MakePlan>([&] {
    ModelCache models;
    return planned(render_schema(), models, values_of(request), options);
  });
}

}  // namespace ptah
