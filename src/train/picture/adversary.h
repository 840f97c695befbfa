// The other side of an adversarial training: a discriminator of patches, its losses, and the balance as a log and a picture.
#pragma once

#include <filesystem>
#include <fstream>

#include "nn/discriminator.h"
#include "train/loop/stage.h"

namespace ptah {

struct AdversaryConfig {
  float weight = 0;             ///< of the generator's loss; 0: there is no adversary
  float penalty = 0;            ///< of the gradient penalty
  int64_t from = 0;             ///< the first step with an adversary
  std::vector<int64_t> widths;  ///< of the discriminator
};
/// Keys adversarial_weight, gradient_penalty, adversarial_from, discriminator_widths.
AdversaryConfig read_adversary(Reader& reader, const AdversaryConfig& usual);

/// Trained in the same step as the generator: `fooling` within the generator's gradients, then `learn`.
class Adversary {
 public:
  /// Its weights are "discriminator.…" among `weights`; balance.csv and balance.png come into `folder`.
  Adversary(Weights& weights, const AdversaryConfig& config, uint64_t seed, const std::filesystem::path& folder);
  bool fights(int64_t step) const { return config_.weight > 0 && step >= config_.from; }
  /// What the generator's loss gets for being seen through: scalar. made f32 [n, h, w, 4].
  Tensor fooling(const Tensor& made);
  /// Gradients of the discriminator's own losses; made and truth f32 [n, h, w, 4].
  void learn(const Tensor& truth, const Tensor& made, int64_t step);
  /// A line of the balance: error in pixels, the generator's loss, the discriminator's, the penalty.
  void note(int64_t step, float pixels);
  /// Errors: io.
  Result<void> draw() const;

 private:
  Weights* weights_;
  AdversaryConfig config_;
  uint64_t seed_;
  std::filesystem::path folder_;
  PatchDiscriminator discriminator_;
  std::ofstream balance_;
  float fooled_ = 0, told_ = 0, steep_ = 0;
};

}  // namespace ptah
