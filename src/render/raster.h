// Previews: triangles into a picture, with a sun, its shadows and light from the sky.
#pragma once

#include "base/progress.h"
#include "render/scene.h"

namespace ptah {

/// Looks at the middle of the scene from so far that all of it is seen.
struct RenderView {
  int64_t width = 512, height = 512;
  float turn = 30, tilt = 20;  ///< degrees: about the vertical axis from the front to the right, and downwards
  float field = 30;            ///< vertical field of view in degrees
  bool ground = true;          ///< a soft shadow on the ground below
  bool transparent = false;    ///< else on a light background
};

/// Rasterised with 2 × 2 samples a pixel. The same scene gives the same pixels for any number of threads. Errors: invalid_argument (no mesh, sizes outside 16
/// to 4096), cancelled.
Result<Image> render(const RenderScene& scene, const RenderView& view, const CancelToken* cancel = nullptr);

}  // namespace ptah
