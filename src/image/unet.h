// The U-Net of latent diffusion (Rombach et al. 2022) as Stable Diffusion 1, 2 and XL use it: residual blocks modulated by time, and transformers that look at
// the text.
#pragma once

#include <optional>

#include "nn/layers.h"
#include "nn/weight_binder.h"

namespace ptah {

struct UnetConfig {
  int64_t heads = 0;                         ///< of every attention; 0: width / head_dim
  std::vector<int64_t> heads_of_level = {};  ///< from the finest to the coarsest, instead of both; the middle has those of the last
  int64_t head_dim = 64;                     ///< counts where `heads` is 0
  int64_t groups = 32;                       ///< of the group norms
  float eps = 1e-5F;                         ///< of the group norms, but for those of transformers
  SinusoidOrder sinusoids = {};              ///< of the steps, and of the numbers in a label
  bool scales_by_time = false;               ///< time scales and shifts the second norm of a residual block, instead of being added before it
  bool wraps = false;                        ///< convolutions see the other side of the picture beyond its edge
  WeightPacking packing = WeightPacking::plain;
};

/// The half that looks: time, label, the blocks down and those in the middle. A U-Net and the networks that control one have it.
class UnetTrunk {
 public:
  /// Binds the weights below `prefix` in the original naming (input_blocks.0.0.weight …). Which blocks there are, their widths, and the depths of their
  /// transformers are read off the names and shapes. Throws Failure: mismatch, naming what is missing or of another shape.
  UnetTrunk(Weights& weights, const std::string& prefix, const UnetConfig& config);

  int64_t in_channels() const { return in_channels_; }
  int64_t context_width() const { return context_width_; }
  int64_t label_width() const { return label_width_; }  ///< 0: takes none
  size_t levels() const { return levels_; }
  const UnetConfig& config() const { return config_; }

 protected:
  struct Residual {
    NormArgs norm1, norm2;
    Conv2d conv1, conv2;
    Linear time;
    std::optional<Conv2d> skip;
  };
  struct Layer {
    NormArgs norm1, norm2, norm3;
    Linear qkv, out, query, key_value, cross_out, gate, down;
  };
  struct Transformer {
    NormArgs norm;
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
  /// What every block is given besides its input.
  struct Given {
    Tensor time;     ///< [n, width of time], through SiLU
    Tensor context;  ///< [n, tokens, context_width]
  };

  /// Checks the inputs of a call and makes of them what the blocks are given.
  Given given(const Tensor& latents, const Tensor& steps, const Tensor& context, const Tensor& label) const;
  /// `like`: what a block that enlarges has to fit, where halving rounded up.
  Tensor run(const Block& block, Tensor x, const Given& given, const Tensor* like = nullptr) const;
  Tensor middle(Tensor x, const Given& given) const;
  /// How many states descend() gives.
  size_t states() const { return down_.size() + 1; }
  /// x (the first convolution's result), and what every block down makes.
  std::vector<Tensor> descend(const Tensor& x, const Given& given) const;

  UnetConfig config_;
  Conv2d in_;

 private:
  Tensor run(const Residual& block, const Tensor& x, const Tensor& time) const;
  Tensor run(const Transformer& block, const Tensor& x, const Tensor& context) const;

  int64_t in_channels_ = 0, width_ = 0, context_width_ = 0, label_width_ = 0;
  size_t levels_ = 1;
  Linear time1_, time2_, label1_, label2_;
  std::vector<Block> down_, middle_;
};

/// What a controlling network adds to a U-Net's inner states.
struct UnetControl {
  std::vector<Tensor> passed;  ///< to what every block down passes on, the first convolution's result among them
  Tensor middle;               ///< to what the middle blocks make
};

class Unet : public UnetTrunk {
 public:
  /// As UnetTrunk; also binds the blocks up.
  Unet(Weights& weights, const std::string& prefix, const UnetConfig& config);

  /// latents [n, h, w, in] in the dtype to compute in, steps f32 [n] (0 … 999), context [n, tokens, context_width], label f32 [n, label_width] where the model
  /// has one. What it predicts (noise or velocity, as it was trained): f32 [n, h, w, out].
  Tensor operator()(const Tensor& latents, const Tensor& steps, const Tensor& context, const Tensor& label = {}, const UnetControl* control = nullptr) const;

 private:
  NormArgs out_norm_;
  Conv2d out_;
  std::vector<Block> up_;
};

/// A network that steers a U-Net by a picture (ControlNet: Zhang et al. 2023): a copy of its trunk that also sees the picture, and convolutions that began at
/// zero.
class ControlNet : public UnetTrunk {
 public:
  static constexpr int64_t kFactor = 8;  ///< how many times as large as the latents the picture is

  /// Binds the weights below `prefix` in the original naming (input_hint_block.0.weight, zero_convs.0.0.weight, middle_block_out.0.weight …).
  ControlNet(Weights& weights, const std::string& prefix, const UnetConfig& config);

  /// hint [n, 8·h, 8·w, 3] in 0 … 1, as its makers drew it (edges, depth, scribbles) → what the latents' first convolution gets added, [n, h, w, width].
  Tensor look(const Tensor& hint) const;
  /// The other arguments as a U-Net's; `hint` from look(). `strength` scales the result.
  UnetControl operator()(const Tensor& latents, const Tensor& hint, const Tensor& steps, const Tensor& context, const Tensor& label, float strength) const;

 private:
  std::vector<Conv2d> hint_;
  std::vector<Linear> zeros_;
  Linear middle_zero_;
};

}  // namespace ptah
