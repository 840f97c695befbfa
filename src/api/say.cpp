#include "ptah/say.h"

#include "api/members.h"
#include "api/watch.h"
#include "pipelines/speech/say_work.h"

namespace ptah {

Outcome<MadeWork> say(const SayRequest& request, const MakeOptions& options) {
  return outcome<MadeWork>([&] {
    ModelCache models;
    return made(say_schema(), models, values_of(request), options);
  });
}

Outcome<MakePlan> plan_say(const SayRequest& request, const MakeOptions& options) {
  return outcome<MakePlan>([&] {
    ModelCache models;
    return planned(say_schema(), models, values_of(request), options);
  });
}

}  // namespace ptah
