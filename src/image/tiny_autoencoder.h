// The small autoencoder that stands in for a latent diffusion model's own (TAESD, Bohan 2023): a picture in a fraction of the time, a little softer.
#pragma once

#include <optional>
#include <vector>

#include "nn/layers.h"

namespace ptah {

class TinyAutoencoder {
 public:
  /// Binds a decoder, and an encoder if there is one, in diffusers' naming (decoder.layers.0.weight …) or the original one (1.weight … of a decoder alone).
  /// Layers are read off names and shapes. Throws Failure: mismatch, naming what is missing or of another shape.
  explicit TinyAutoencoder(Weights& weights, bool wraps = false);
  /// Whether weights look like one.
  static bool recognises(const std::map<std::string, Tensor>& tensors);

  /// latents [n, h, w, channels] in the scale that the diffusion model works in, in the dtype to compute in → f32 [n, h·factor, w·factor, 3], about −1 … 1.
  Tensor decode(const Tensor& latents) const;
  /// pictures [n, h, w, 3] in −1 … 1 → f32 latents. Throws Failure (unsupported) without an encoder.
  Tensor encode(const Tensor& pictures) const;
  int64_t channels() const { return channels_; }
  int64_t factor() const { return factor_; }

 private:
  struct Layer {
    std::optional<Conv2d> conv;  ///< a convolution by itself
    std::vector<Conv2d> block;   ///< or three with ReLU between, around which the input goes
    std::optional<Linear> skip;  ///< the input's way, where widths differ
    bool enlarges = false;       ///< doubles its input first
    bool relu = false;           ///< follows
  };
  std::vector<Layer> half(Weights& weights, const std::string& prefix, int first, bool decodes, bool wraps) const;
  static Tensor run(const std::vector<Layer>& layers, Tensor x);

  int64_t channels_ = 0, factor_ = 1;
  std::vector<Layer> decoder_, encoder_;
};

}  // namespace ptah
