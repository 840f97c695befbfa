// Posed pictures that Ptah renders of an object: what radiance fields are tried on.
#pragma once

#include <map>

#include "base/file.h"
#include "base/progress.h"

namespace ptah {

struct FieldViews {
  std::filesystem::path object;        ///< as `render` takes it: a .shape program, a kind of the library, a work's folder, a mesh
  int64_t views = 100, held_out = 20;  ///< pictures to fit, and to measure by
  int64_t size = 200;                  ///< edge in pixels
  int64_t samples = 0;                 ///< light paths a pixel; 0: rasterised, without noise
  int64_t texture = 1024;              ///< edge of the atlas that a program's materials are baked on; 0: plain colours
  std::string environment = "studio";
  uint64_t seed = 0;  ///< of the directions of the held-out pictures, and of light paths
};

/// transforms.json (nerfstudio's layout, with the held-out pictures as test_filenames) and pictures with alpha: views spread evenly over the sphere from a
/// little below the horizon to nearly above, held-out ones at random between them. Errors: as those of `render`; invalid_argument.
Result<std::map<std::string, Bytes>> field_views(const FieldViews& task, const ProgressCallback& progress = {}, const CancelToken* cancel = nullptr);

}  // namespace ptah
