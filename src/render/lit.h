// Pictures lit by their surroundings, rasterised: fast enough for turntables.
#pragma once

#include "base/progress.h"
#include "render/camera.h"
#include "render/environment.h"

namespace ptah {

/// What is seen where the scene is not.
struct Background {
  enum class Kind : uint8_t { plain, colour, transparent, environment };
  Kind kind = Kind::plain;  ///< a light grey, darker below
  Rgb colour{1, 1, 1};      ///< linear, 0 to 1
};

struct FrameSettings {
  int64_t width = 512, height = 512;
  Background background = {};
  bool ground = true;  ///< a shadow on the ground below
  float exposure = 1;  ///< factor on all light before the tone curve
};

/// A scene with its light, prepared once for any number of frames.
class LitScene {
 public:
  /// Errors: as check(scene), cancelled.
  static Result<std::shared_ptr<const LitScene>> prepare(const RenderScene& scene, std::shared_ptr<const Environment> environment,
                                                         const CancelToken* cancel = nullptr);
  virtual ~LitScene() = default;
  /// Eight samples of coverage a pixel, shaded once a triangle. The same for any number of threads. Errors: invalid_argument (sizes outside 16 to 4096),
  /// cancelled.
  virtual Result<Image> frame(const Camera& camera, const FrameSettings& settings, const CancelToken* cancel = nullptr) const = 0;
};

/// The background of a pixel in the picture, linear display values and alpha; `light`: what the surroundings send, exposed.
std::array<float, 4> background_at(const FrameSettings& settings, int64_t y, const Rgb& light);

}  // namespace ptah
