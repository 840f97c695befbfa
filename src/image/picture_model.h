// The weights of a picture model file that belong to the image craft, and how they are run.
#pragma once

#include "image/autoencoder.h"
#include "image/denoiser.h"
#include "nn/diffusion/sampler.h"

namespace ptah {

/// The scaling of latents: stored latents are (z − mean) / deviation, per channel.
struct LatentScale {
  Tensor mean, deviation;  ///< f32 [channels]
  Tensor apply(const Tensor& z) const { return div(sub(z, mean), deviation); }
  Tensor undo(const Tensor& z) const { return add(mul(z, deviation), mean); }
};
LatentScale latent_scale(const Scope& scope, int64_t channels);

struct PictureSampling {
  int64_t steps = 20;
  float guidance = 3, shift = 1.5F;
  Sampler sampler = Sampler::euler;
  std::function<void(int64_t)> before_step;
  Tensor start;        ///< latents to begin from, as the encoder gives them, [n, tokens, channels]; undefined: from noise alone
  float strength = 1;  ///< with start: the time to begin at, in (0, 1]; 1 forgets it
  Tensor redrawn;      ///< with start: f32 [1, tokens, 1], 1 where the latents are redrawn, 0 where they stay (blended latent diffusion: Avrahami et al. 2023)
};

/// What the denoiser is told: states for `batch` prompts followed by those of as many empty prompts.
struct Conditioning {
  Tensor states, pooled, lengths;
};

/// Latents [n, tokens, channels] (unscaled, for the decoder) from noise [n, tokens, channels]; both halves of the guidance run in one batch.
Tensor sample_latents(const Denoiser& denoiser, const LatentScale& scale, const Conditioning& conditioning, const Tensor& noise, const PictureSampling& how);

/// Latents [n, tokens, channels] of pictures f32 [n, size, size, 4] (premultiplied in [−1, 1]), unscaled.
Tensor encode_pictures(const PictureEncoder& encoder, const AutoencoderConfig& config, const Tensor& pictures);

/// Pictures f32 [n, size, size, 4], premultiplied in about [−1, 1].
Tensor decode_latents(const PictureDecoder& decoder, const AutoencoderConfig& config, const Tensor& latents);

}  // namespace ptah
