// The text encoders of CLIP (Radford et al. 2021; OpenCLIP: Cherti et al. 2023), as diffusion models are conditioned by them.
#pragma once

#include "nn/layers.h"

namespace ptah {

struct ClipTextConfig {
  int64_t head_dim = 64;
  bool quick_gelu = true;  ///< x · σ(1.702 x), as OpenAI's; OpenCLIP's use the exact GELU
  int64_t heads = 0;       ///< instead of head_dim, if above 0
  float eps = 1e-5F;       ///< of the layer norms
  bool tanh_gelu = false;  ///< GELU by its tanh form instead of both
};

class ClipText {
 public:
  /// Binds the weights below `prefix`: Hugging Face's naming ("text_model.encoder.layers.0…", with or without text_model) or OpenCLIP's
  /// ("transformer.resblocks.0…"); layers and widths are read off names and shapes. Throws Failure: mismatch, naming what is missing or of another shape.
  ClipText(Weights& weights, const std::string& prefix, const ClipTextConfig& config);

  /// More tokens behind those there are (textual inversion: Gal et al. 2022), rows [n, width]; returns the id of the first. Throws Failure: mismatch.
  int32_t add_tokens(const Tensor& rows);

  struct Output {
    Tensor states;  ///< [n, tokens, width] in the dtype to compute in
    Tensor pooled;  ///< f32 [n, projection or width]: the normed last state at each row's first `end` token, projected where the model has a projection
  };
  /// ids i32 [n, tokens]; `skip` last layers do not count for the states (0: all layers do), which are normed if `normed`.
  /// Throws Failure: invalid_argument for ids out of range, too many tokens or a skip of every layer.
  Output operator()(const Tensor& ids, int32_t end, DType type, int64_t skip = 0, bool normed = true) const;

  /// Gives back what was prepared for computing; the next call prepares it again.
  void rest() const;

  int64_t width() const { return embedding_.dim(1); }
  int64_t pooled_width() const { return projection_.defined() ? projection_.dim(0) : width(); }
  int64_t max_tokens() const { return positions_.dim(0); }
  int64_t layers() const { return static_cast<int64_t>(layers_.size()); }

 private:
  struct Layer {
    NormArgs norm1, norm2;
    Linear qkv, out, up, down;
  };
  ClipTextConfig config_;
  Tensor embedding_, positions_, projection_;
  std::vector<Layer> layers_;
  NormArgs norm_;
};

}  // namespace ptah
