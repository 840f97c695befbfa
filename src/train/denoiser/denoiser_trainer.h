// Training of the network that denoises renderings.
#pragma once

#include "train/denoiser/denoiser_set.h"

namespace ptah {

/// Trains a network and saves out/denoiser.safetensors (bf16, the averaged weights). Keys of the config: out, views (how many are rendered, once, into
/// out/views-….safetensors), size (their edge in pixels), samples (of what is wanted), library (a folder of shapes; default: the one that comes along), model
/// (widths); and those of every stage (steps, batch, learning_rate …). Goes on from out/checkpoint.safetensors. Errors: invalid_argument, naming the key;
/// not_found.
Result<void> train_render_denoiser(const Json& config, const std::filesystem::path& base_folder, const TrainCallbacks& callbacks);

/// Mean difference of log(1 + light / albedo) over what is covered, and of the ground's light over the rest: outputs of the network and of a pool, and how much
/// of each pixel is covered, f32 [n, h, w, 1]. Scalar.
Tensor denoiser_loss(const Tensor& found, const Tensor& wanted, const Tensor& covered);

struct DenoiserEvaluation {
  int64_t views = 24;  ///< of kinds that are held out
  int64_t size = 256;  ///< edge in pixels
  std::vector<int64_t> samples{4, 16, 64};
  int64_t reference_samples = 1024;
  uint64_t seed = 1;
};
/// {"views", "by_samples": [{"samples", "noisy", "denoised", "milliseconds"}]}: mean PSNR in dB of the developed pictures against those of the reference, and
/// what denoising takes a picture. Errors: those of the shapes, cancelled.
Result<Json> evaluate_render_denoiser(const RenderDenoiser& denoiser, const std::shared_ptr<const ShapeKinds>& kinds, const DenoiserEvaluation& how,
                                      const TrainCallbacks& callbacks);

}  // namespace ptah
