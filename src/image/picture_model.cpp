#include "image/picture_model.h"

namespace ptah {

LatentScale latent_scale(const Scope& scope, int64_t channels) {
  return {f32_parameter(scope, "mean", {channels}, Init::zeros), f32_parameter(scope, "deviation", {channels}, Init::ones)};
}

Tensor sample_latents(const Denoiser& denoiser, const LatentScale& scale, const Conditioning& conditioning, const Tensor& noise, const PictureSampling& how) {
  const int64_t n = noise.dim(0);
  const Velocity velocity = [&](const Tensor& x, float time) {
    const Tensor both =
        denoiser(cast(concat({x, x}, 0), compute_dtype()), Tensor::full({2 * n}, time), conditioning.states, conditioning.pooled, conditioning.lengths);
    return guided(slice(both, 0, 0, n), slice(both, 0, n, 2 * n), how.guidance);
  };
  return scale.undo(sample(how.sampler, velocity, noise, shifted_schedule(how.steps, how.shift), how.before_step));
}

Tensor decode_latents(const PictureDecoder& decoder, const AutoencoderConfig& config, const Tensor& latents) {
  const int64_t edge = config.latent_size();
  return decoder(cast(latents.reshape({latents.dim(0), edge, edge, config.latent_channels}), compute_dtype()));
}

}  // namespace ptah
