// Tokens of a picture → three planes of features: learnt tokens, a transformer that looks at the picture's, and an upsampling convolution.
#pragma once

#include "nn/transformer.h"
#include "shape/reconstruction/reconstruction_config.h"

namespace ptah {

class TriplaneTransformer {
 public:
  /// `scope` holds tokenizer, backbone and post_processor.
  TriplaneTransformer(const Scope& scope, const ReconstructionShape& shape, const ReconstructionConfig& config);

  /// Tokens [1, m, picture width] → planes f32 [3, 2·plane, 2·plane, features]: xy, xz and yz, the first axis along a row. Computes in the tokens' dtype.
  /// `before_layer(i)` is called before each layer. Throws what it throws.
  Tensor operator()(const Tensor& picture_tokens, const std::function<void(int64_t layer)>& before_layer = {}) const;
  int64_t layers() const { return static_cast<int64_t>(blocks_.size()); }

 private:
  struct Block {
    Norm self_norm, cross_norm, feed_forward_norm;
    Attention self;
    Linear query, key, value, out;  ///< of the attention to the picture's tokens
    Linear gated, down;
  };
  static Block block(const Scope& scope, const ReconstructionShape& shape, int64_t heads);
  Tensor run(const Block& block, const Tensor& x, const Tensor& picture_tokens) const;

  int64_t heads_, groups_;
  Tensor tokens_;  ///< [3, channels, plane, plane]
  NormArgs norm_;
  Linear in_, out_;
  std::vector<Block> blocks_;
  Linear upsample_;  ///< of one place to four
};

}  // namespace ptah
