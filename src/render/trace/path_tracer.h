// Pictures by following light: a path tracer.
#pragma once

#include "base/progress.h"
#include "render/lit.h"

namespace ptah {

struct TraceSettings {
  FrameSettings frame = {};
  int64_t samples = 64;  ///< a pixel
  int64_t bounces = 12;  ///< at most; from the fourth on, paths that carry little end by chance
  uint64_t seed = 0;
  bool compensate = true;  ///< gives back the light that single scattering loses; false only for comparisons
};

/// What is seen by each pixel, rows from the top, linear light.
struct Radiance {
  int64_t width = 0, height = 0;
  std::vector<Rgb> light;       ///< of the scene alone, without what is behind it
  std::vector<Rgb> through;     ///< how much of what is behind is seen
  std::vector<float> ground;    ///< how much of its light reaches the ground behind, 1 where none is seen
  std::vector<Rgb> albedo;      ///< of the first surface: what it reflects in all
  std::vector<Vec3> normal;     ///< of the first surface
  std::vector<float> depth;     ///< of the first surface; 0: none
  std::vector<float> variance;  ///< of the luminance of `light`, of the mean of all samples
};

/// A scene with its light, prepared once for any number of pictures.
class TracedScene {
 public:
  /// Without an environment only what glows gives light. Errors: as check(scene), cancelled, over_budget.
  static Result<std::shared_ptr<const TracedScene>> prepare(const RenderScene& scene, std::shared_ptr<const Environment> environment,
                                                            const CancelToken* cancel = nullptr);
  virtual ~TracedScene() = default;
  /// Next-event estimation of the surroundings and of what glows, with multiple importance sampling (balance of squares, Veach 1997), box filter. The same for
  /// any number of threads. `progress` gets fractions of this picture. Errors: invalid_argument (sizes outside 16 to 4096, samples outside 1 to 65536),
  /// cancelled.
  virtual Result<Radiance> trace(const Camera& camera, const TraceSettings& settings, const std::function<void(double)>& progress = {},
                                 const CancelToken* cancel = nullptr) const = 0;
  /// The surroundings as they are seen in a direction, as lit pictures show them behind an object.
  virtual Rgb behind(const Vec3& direction) const = 0;
};

/// What is shown of it: exposed, the background behind, tone curve, sRGB.
Image developed(const Radiance& radiance, const TracedScene& scene, const Camera& camera, const FrameSettings& settings);

}  // namespace ptah
