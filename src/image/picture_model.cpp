#include "image/picture_model.h"
#include "tensor/device.h"

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
  const std::vector<float> times = shifted_schedule(how.steps, how.shift);
  if (!how.start.defined()) return scale.undo(sample(how.sampler, velocity, noise, times, {how.before_step, {}}));
  const Tensor clean = scale.apply(how.start);
  const auto noised = [&](float time) { return add(affine(clean, 1 - time), affine(noise, time)); };
  StepHooks hooks{how.before_step, {}};
  if (how.redrawn.defined())
    hooks.after = [&](const Tensor& x, float time) {
      const Tensor kept = noised(time);
      return add(kept, mul(sub(x, kept), how.redrawn));
    };
  return scale.undo(sample(how.sampler, velocity, noised(how.strength), schedule_from(times, how.strength), hooks));
}

Tensor encode_pictures(const PictureEncoder& encoder, const AutoencoderConfig& config, const Tensor& pictures) {
  return encoder(cast(pictures, compute_dtype())).reshape({pictures.dim(0), config.latent_size() * config.latent_size(), config.latent_channels});
}

Tensor decode_latents(const PictureDecoder& decoder, const AutoencoderConfig& config, const Tensor& latents) {
  const int64_t edge = config.latent_size();
  return decoder(cast(latents.reshape({latents.dim(0), edge, edge, config.latent_channels}), compute_dtype()));
}

}  // namespace ptah
