// What the denoiser of renderings learns from: views of shapes with few light paths and with many.
#pragma once

#include "image/render_denoiser.h"
#include "shape/library.h"
#include "train/picture/picture_trainer.h"

namespace ptah {

/// Views of one size. What is wanted are the outputs of the network, and how much of each pixel is covered.
struct DenoiserPool {
  Tensor seen, signal, wanted, covered;  ///< f16 [n, size, size, kDenoiserInputs], [… kDenoiserSignals], [… kDenoiserOutputs], [… 1]
  int64_t size() const { return seen.defined() ? seen.dim(0) : 0; }
};

struct DenoiserSet {
  DenoiserPool train, test;
};

/// One view of a kind of shape: parameters, some of the materials, direction, distance and light at random.
struct TracedView {
  RenderScene scene;
  Camera camera;
  std::shared_ptr<const Environment> light;
};
/// Errors: those of the shape; cancelled.
Result<TracedView> random_traced_view(const std::string& kind, const std::shared_ptr<const ShapeKinds>& kinds, int64_t size, uint64_t seed,
                                      const CancelToken* cancel);

/// `views` of the kinds in turn, size × size pixels: noisy ones with 4, 8, 16 or 32 samples a pixel, wanted ones with `samples`. Kinds that are held out are
/// for testing. Written to `file`, and read from there if it is there. Errors: those of the shapes, io, corrupt, cancelled.
Result<DenoiserSet> denoiser_set(const std::filesystem::path& file, const std::shared_ptr<const ShapeKinds>& kinds, int64_t views, int64_t size,
                                 int64_t samples, uint64_t seed, const TrainCallbacks& callbacks);

}  // namespace ptah
