// A face in a photograph changed, with the consent of those who are in it.
#pragma once

#include "base/progress.h"
#include "face/photo/edit.h"
#include "schema/schema.h"
#include "work/plan.h"
#include "work/sources.h"

namespace ptah {

/// All that can be asked of `photo`.
struct PhotoTask {
  std::filesystem::path picture = {};
  std::filesystem::path donor = {};                  ///< whose face takes the place of the one in the picture
  std::vector<std::filesystem::path> consents = {};  ///< signed files (own/consent.h)
  float smile = 0, brows = 0, eyes = 0, gaze_x = 0, gaze_y = 0;
  bool label = false;  ///< "SYNTHETIC" in the picture
  bool watermark = true;
  std::string model = "faces";
};
const SchemaOf<PhotoTask>& photo_schema();
/// What a receipt calls a work of a changed photograph.
inline constexpr const char* kPhotoKind = "changed photograph";

/// The networks by name or path. Errors: as find_model and FaceNetworks::load.
Result<std::shared_ptr<const FaceNetworks>> load_face_networks(const std::string& name_or_path);

/// The picture as `from`, the other one as "donor.png", consents as "consent-1.json" … Errors: as the reader; not_found, corrupt.
Result<Sources> photo_sources(const PhotoTask& task, const std::function<Result<Image>(const std::filesystem::path&)>& read);
/// picture.png (marked as made from a picture) and a receipt that names the consents. Errors: permission without consent; not_found (no face in a picture),
/// those of the networks, cancelled. `now`: seconds since 1970.
Result<Work> photo_work(const PhotoTask& task, const Sources& sources, int64_t now, const ProgressCallback& progress = {}, const CancelToken* cancel = nullptr);
/// Consents are asked for again. Errors: also mismatch, if the sources or networks are others than then.
Result<Work> replay_photo(const Json& receipt, const Sources& sources, int64_t now, const ProgressCallback& progress = {}, const CancelToken* cancel = nullptr);
Result<Plan> plan_photo(const PhotoTask& task, const Sources& sources);

}  // namespace ptah
