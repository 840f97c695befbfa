// Charts side by side in a square.
#pragma once

#include "base/progress.h"
#include "geometry/atlas/chart.h"

namespace ptah::atlas {

/// Turns and moves the charts' uv into a square of 0 to 1 with one scale for all, which is returned; between charts at least `margin` of `resolution` texels
/// stay free, towards the border half of that. Errors: over_budget (more charts than texels), cancelled.
Result<double> pack(std::vector<Chart>& charts, int64_t resolution, int64_t margin, const CancelToken* cancel);

}  // namespace ptah::atlas
