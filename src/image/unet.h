// The U-Net of latent diffusion (Rombach et al. 2022) as Stable Diffusion 1, 2 and XL use it: residual blocks modulated by time, and transformers that look at
// the text.
#pragma once

#include <optional>

#include "nn/layers.h"

namespace ptah {

struct UnetConfig {
  int64_t heads = 0;      ///< of every attention; 0: width / head_dim
  int64_t head_dim = 64;  ///< counts where `heads` is 0
  int64_t groups = 32;    ///< of the group norms
};

class Unet {
 public:
  /// Binds the weights below `scope` in the original naming (input_blocks.0.0.weight …). Which blocks there are, their widths, and the depths of their
  /// transformers are read off the names and shapes. Throws Failure: mismatch, naming what is missing or of another shape.
  Unet(Weights& weights, const std::string& prefix, const UnetConfig& config);

  /// latents [n, h, w, in] in the dtype to compute in, steps f32 [n] (0 … 999), context [n, tokens, context_width], label f32 [n, label_width] where the model
  /// has one. What it foresees (noise or velocity, as it was trained): f32 [n, h, w, out]. h and w are multiples of 2^(levels − 1).
  Tensor operator()(const Tensor& latents, const Tensor& steps, const Tensor& context, const Tensor& label = {}) const;

  int64_t in_channels() const { return in_channels_; }
  int64_t context_width() const { return context_width_; }
  int64_t label_width() const { return label_width_; }  ///< 0: takes none

 private:
  struct Norm {
    Tensor weight, bias;
  };
  struct Residual {
    Norm norm1, norm2;
    Conv2d conv1, conv2;
    Linear time;
    std::optional<Conv2d> skip;
  };
  struct Layer {
    Norm norm1, norm2, norm3;
    Linear qkv, out, query, key_value, cross_out, gate, down;
  };
  struct Transformer {
    Norm norm;
    Linear in, out;
    std::vector<Layer> layers;
    int64_t heads = 1;
  };
  /// What stands under one number: any of the four, in this order.
  struct Block {
    std::optional<Residual> residual;
    std::optional<Transformer> transformer;
    std::optional<Conv2d> down, up;
  };

  struct Binder;
  Tensor run(const Residual& block, const Tensor& x, const Tensor& time) const;
  Tensor run(const Transformer& block, const Tensor& x, const Tensor& context) const;
  Tensor run(const Block& block, Tensor x, const Tensor& time, const Tensor& context) const;

  UnetConfig config_;
  int64_t in_channels_ = 0, width_ = 0, context_width_ = 0, label_width_ = 0;
  Conv2d in_, out_;
  Norm out_norm_;
  Linear time1_, time2_, label1_, label2_;
  std::vector<Block> down_, up_;
  std::vector<Block> middle_;
};

}  // namespace ptah
