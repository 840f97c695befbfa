#include "ptah/face.h"

#include "api/members.h"
#include "api/watch.h"
#include "pipelines/face/photo_work.h"
#include "pipelines/face/talk_work.h"

namespace ptah {

Outcome<MadeWork> make_face(const FaceRequest& request, const MakeOptions& options) {
  return outcome<MadeWork>([&] {
    ModelCache models;
    return made(face_schema(), models, values_of(request), options);
  });
}

Outcome<MakePlan> plan_face(const FaceRequest& request, const MakeOptions& options) {
  return outcome<MakePlan>([&] {
    ModelCache models;
    return planned(face_schema(), models, values_of(request), options);
  });
}

Outcome<MadeWork> talk(const TalkRequest& request, const MakeOptions& options) {
  return outcome<MadeWork>([&] {
    ModelCache models;
    return made(talk_schema(), models, values_of(request), options);
  });
}

Outcome<MakePlan> plan_talk(const TalkRequest& request, const MakeOptions& options) {
  return outcome<MakePlan>([&] {
    ModelCache models;
    return planned(talk_schema(), models, values_of(request), options);
  });
}

Outcome<MadeWork> change_photo(const PhotoRequest& request, const MakeOptions& options) {
  return outcome<MadeWork>([&] {
    ModelCache models;
    return made(photo_schema(), models, values_of(request), options);
  });
}

Outcome<MakePlan> plan_photo(const PhotoRequest& request, const MakeOptions& options) {
  return outcome<MakePlan>([&] {
    ModelCache models;
    return planned(photo_schema(), models, values_of(request), options);
  });
}

}  // namespace ptah
