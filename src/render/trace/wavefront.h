// Paths of light in step: all paths of a tile of pixels take their next surface together, some lanes at a time (Laine, Karras and Aila 2013).
#pragma once

#include "render/trace/path_tracer.h"
#include "render/trace/traced_tables.h"

namespace ptah {

/// Sums over the samples of a pixel.
struct PixelSum {
  Rgb light{}, through{}, albedo{};
  Vec3 normal{};
  double squares = 0;  ///< of the luminance of `light`
  float depth = 0, depths = 0;
  float ground = 0, ground_lit = 0, ground_all = 0;  ///< share of the paths that ended on the ground, and the light that does and would fall there
};

/// Samples [first_sample, end_sample), at most kMaxTileSamples, of pixels [first_pixel, end_pixel), counted in rows from the top.
struct TileTask {
  const Camera& camera;
  const TraceSettings& settings;
  int64_t first_sample, end_sample, first_pixel, end_pixel;
};
inline constexpr int64_t kMaxTileSamples = 8, kTilePaths = 1024;

struct PathArrays;

/// Traces tile after tile; one a thread.
class Wavefront {
 public:
  explicit Wavefront(const TracedTables& scene);
  ~Wavefront();
  Wavefront(const Wavefront&) = delete;
  Wavefront& operator=(const Wavefront&) = delete;
  /// Adds to the sums of the picture's pixels; at most kTilePaths paths. The same for any number of threads.
  void trace(const TileTask& task, PixelSum* sums);

 private:
  const TracedTables& scene_;
  std::unique_ptr<PathArrays> arrays_;
};

}  // namespace ptah
