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

/// Pixels [left, right) × [top, bottom) of a picture.
struct TileTask {
  const Camera& camera;
  const TraceSettings& settings;
  const CancelToken* cancel;  ///< null: none; the sums of a cancelled tile are of some samples only
  int64_t left, right, top, bottom;
  int64_t pixels() const { return (right - left) * (bottom - top); }
};
/// Paths of a tile that go in step, and how many samples of a pixel are among them at most.
inline constexpr int64_t kTilePaths = 1024, kTileSamples = 8;

struct PathArrays;

/// Traces tile after tile; one a thread.
class Wavefront {
 public:
  explicit Wavefront(const TracedTables& scene);
  ~Wavefront();
  Wavefront(const Wavefront&) = delete;
  Wavefront& operator=(const Wavefront&) = delete;
  /// Sums over all samples of the tile's pixels, in rows; at most kTilePaths / min(kTileSamples, samples) pixels.
  void trace(const TileTask& task, PixelSum* sums);

 private:
  const TracedTables& scene_;
  std::unique_ptr<PathArrays> arrays_;
};

}  // namespace ptah
