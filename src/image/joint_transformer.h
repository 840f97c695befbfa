// The transformer of Stable Diffusion 3 and 3.5 (MMDiT: Esser et al. 2024): tokens of the picture and of the text go through blocks with weights of their own
// and look at each other in one attention. It predicts the velocity of a straight flow from noise to picture.
#pragma once

#include <optional>

#include "nn/layers.h"
#include "nn/weight_binder.h"

namespace ptah {

struct JointTransformerConfig {
  int64_t head_dim = 64;
  WeightPacking packing = WeightPacking::plain;
};

class JointTransformer {
 public:
  /// Binds the weights below `prefix` in the original naming (joint_blocks.0.x_block.attn.qkv.weight …). How many blocks there are, their widths, whether
  /// queries and keys are normed, and which blocks look at the picture a second time is read off names and shapes. Throws Failure: mismatch, naming what is
  /// missing or of another shape.
  JointTransformer(Weights& weights, const std::string& prefix, const JointTransformerConfig& config);

  /// latents [n, h, w, channels] in the dtype to compute in, times f32 [n] (0 … 1: picture … noise), context [n, tokens, context_width], pooled f32
  /// [n, pooled_width] → velocity (noise − picture), f32 [n, h, w, channels]. h and w are multiples of patch().
  Tensor operator()(const Tensor& latents, const Tensor& times, const Tensor& context, const Tensor& pooled) const;

  int64_t channels() const { return patch_in_.weight.dim(1); }
  int64_t patch() const { return patch_in_.weight.dim(2); }
  int64_t context_width() const { return context_in_.weight.dim(1); }
  int64_t pooled_width() const { return pooled1_.weight.dim(1); }

 private:
  /// Projections of one attention for one kind of token.
  struct Attention {
    Linear qkv, out;
    NormArgs norm_q, norm_k;  ///< weights undefined: none
  };
  /// What one kind of token goes through in one block.
  struct Side {
    Linear modulation;
    Attention attention;
    std::optional<Attention> own;  ///< a second attention among these tokens alone
    Linear up, down;
    bool ends = false;  ///< only lends its keys and values: nothing follows for these tokens
  };
  struct Block {
    Side picture, text;
  };
  struct Binder;
  Tensor projected(const Attention& attention, const Tensor& x) const;

  JointTransformerConfig config_;
  int64_t width_ = 0, heads_ = 1, max_positions_ = 0;
  Conv2d patch_in_;
  Tensor positions_;
  Linear context_in_, time1_, time2_, pooled1_, pooled2_, out_modulation_, out_;
  std::vector<Block> blocks_;
};

}  // namespace ptah
