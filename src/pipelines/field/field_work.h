// From posed pictures to a radiance field, as a work.
#pragma once

#include "base/progress.h"
#include "render/field/fit.h"
#include "schema/schema.h"
#include "work/plan.h"
#include "work/sources.h"

namespace ptah {

/// All that can be asked of `field fit`.
struct FieldTask {
  std::filesystem::path folder;  ///< with transforms.json, or the ZIP archive of such a folder that a work keeps
  float seconds = 20;            ///< of the clock
  int64_t steps = 0;             ///< instead of seconds; 0: as many as the seconds allow
  int64_t resolution = 160;      ///< grid points on the longest edge
  int64_t held_out = 8;          ///< pictures that are not fitted but measured, unless the folder says which
  int64_t max_edge = 800;        ///< of pictures, in pixels; larger ones are reduced
  float smooth = 1;              ///< how strongly neighbours are pulled together
  uint64_t seed = 0;
};
const SchemaOf<FieldTask>& field_schema();
/// What a receipt calls a work of this kind.
inline constexpr const char* kFieldKind = "radiance field";

/// The pictures and transforms.json as one archive. Errors: as pack_posed_pictures(); invalid_argument for a ZIP archive that is none of them.
Result<Sources> field_sources(const FieldTask& task);

struct FieldCallbacks {
  ProgressCallback progress = {};
  std::function<void(const std::string& note)> note = {};
  const CancelToken* cancel = nullptr;
};
/// field.safetensors, picture.png (the first held-out view, or else the first), the pictures, and a receipt that names the steps taken and the PSNR.
/// Errors: as unpack_posed_pictures() and fit_field().
Result<Work> field_work(const FieldTask& task, const Sources& sources, const FieldCallbacks& calls = {});
/// With the steps that were taken then. Errors: also mismatch (other pictures), corrupt (the receipt).
Result<Work> replay_field(const Json& receipt, const Sources& sources, const FieldCallbacks& calls = {});
/// Memory by the visual hull; the pictures are read.
Result<Plan> plan_field(const FieldTask& task, const Sources& sources);

}  // namespace ptah
