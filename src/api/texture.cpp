#include "ptah/texture.h"

#include "api/members.h"
#include "api/watch.h"
#include "pipelines/texturing/texture_work.h"
#include "shape/texture/words.h"

namespace ptah {

Outcome<MadeWork> texture(const TextureRequest& request, const MakeOptions& options) {
  return outcome<MadeWork>([&] {
    ModelCache models;
    return made(texture_schema(), models, values_of(request), options);
  });
}

Outcome<MakePlan> plan_texture(const TextureRequest& request, const MakeOptions& options) {
  return outcome<MakePlan>([&] {
    ModelCache models;
    return planned(texture_schema(), models, values_of(request), options);
  });
}

std::vector<std::string> material_vocabulary() { return texture_words(); }

}  // namespace ptah
