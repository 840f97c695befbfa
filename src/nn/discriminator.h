// Adversarial training (Goodfellow et al. 2014): a network that tells true patches from made ones, and the losses of both sides.
#pragma once

#include "nn/layers.h"

namespace ptah {

/// Judges overlapping patches, each by itself (Isola et al. 2017): convolutions without norms, halving the picture at every width but the first.
class PatchDiscriminator {
 public:
  /// widths: channels at size / 4, / 8, / 16, …
  PatchDiscriminator(const Scope& scope, int64_t channels, const std::vector<int64_t>& widths);
  /// x [n, h, w, channels], h and w divisible by 4 · 2^(widths − 1) → one score a patch, f32 [n, h', w', 1]; higher means truer.
  Tensor operator()(const Tensor& x) const;

 private:
  Conv2d in_;
  std::vector<Conv2d> down_;
  Conv2d out_;
};

/// Hinge losses (Lim and Ye 2017): mean max(0, 1 − true) + mean max(0, 1 + made), and −mean made. Scalars, f32.
Tensor discriminator_loss(const Tensor& true_scores, const Tensor& made_scores);
Tensor generator_loss(const Tensor& made_scores);

/// Mean log(1 + exp(−(preferred − other))): the relativistic loss of pairs (Jolicoeur-Martineau 2018; Sun et al. 2020), in which a side has to score above the
/// other, whatever the score. The discriminator prefers true pictures, the generator made ones; log 2 if the two cannot be told apart. f32 [n, 1] both; scalar.
Tensor relativistic_loss(const Tensor& preferred, const Tensor& other);

/// Mean (scores − nudged_scores)² / deviation²: with the scores of the same true pictures nudged by normal noise of that deviation this approaches the R1
/// penalty |∇D|² (Mescheder et al. 2018) without a second derivative (Lin et al. 2025). Scalar, f32.
Tensor gradient_penalty(const Tensor& scores, const Tensor& nudged_scores, float deviation);

}  // namespace ptah
