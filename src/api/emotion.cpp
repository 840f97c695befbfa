#include "ptah/emotion.h"

#include "api/members.h"
#include "api/watch.h"
#include "pipelines/emotion/emotion_work.h"

namespace ptah {

Outcome<MadeWork> emotion(const EmotionRequest& request, const MakeOptions& options) {
  return outcome<MadeWork>([&] {
    ModelCache models;
    return made(emotion_schema(), models, values_of(request), options);
  });
}

Outcome<MakePlan> plan_emotion(const EmotionRequest& request, const MakeOptions& options) {
  return outcome<MakePlan>([&] {
    ModelCache models;
    return planned(emotion_schema(), models, values_of(request), options);
  });
}

}  // namespace ptah
