// From a sentence or numbers to a person's head: a picture of it and a GLB whose face moves.
#pragma once

#include "base/progress.h"
#include "face/head.h"
#include "render/scene.h"
#include "schema/schema.h"
#include "work/plan.h"
#include "work/receipt.h"

namespace ptah {

/// All that can be asked of `face`.
struct FaceTask {
  std::string text = {};              ///< "an old woman with green eyes, smiling"; empty: whoever the seed gives
  std::vector<std::string> set = {};  ///< "NAME=VALUE" (person.h)
  uint64_t seed = 0;
  int64_t size = 512;                ///< edge in pixels
  float azimuth = 0, elevation = 0;  ///< degrees
  std::string environment = "studio";
  std::string background = "plain";
  int64_t texture = 1024;  ///< edge of the skin's textures in texels
  bool watermark = true;
  std::string model = "people";  ///< name of a pulled model, or a folder
};
const SchemaOf<FaceTask>& face_schema();
/// What a receipt calls a work of a face.
inline constexpr const char* kFaceKind = "face";

/// The data of people by name or path. Errors: as find_model and PeopleData::load.
Result<std::shared_ptr<const PeopleData>> load_people(const std::string& name_or_path);
/// The person that a request asks for. Errors: invalid_argument, with the field.
Result<Person> asked_person(const FaceTask& task, const std::function<void(const std::string&)>& note = {});

/// How a head is seen: from where, and how large.
struct FaceView {
  int64_t size = 512;
  float azimuth = 0, elevation = 0;
  std::string environment = "studio", background = "plain";
};
/// Errors: not_found (the environment), invalid_argument (the background), cancelled.
Result<Image> head_picture(const RenderScene& scene, const Vec3& chin, const Vec3& top, const FaceView& view, const CancelToken* cancel);

/// picture.png, face.glb (52 morph targets by ARKit's names), person.json (its numbers), and a receipt. Errors: invalid_argument, not_found, cancelled.
Result<Work> face_work(const FaceTask& task, const ProgressCallback& progress = {}, const std::function<void(const std::string&)>& note = {},
                       const CancelToken* cancel = nullptr);
/// Errors: also mismatch, if the data of people are others than then.
Result<Work> replay_face(const Json& receipt, const ProgressCallback& progress = {}, const CancelToken* cancel = nullptr);
Result<Plan> plan_face(const FaceTask& task);

}  // namespace ptah
