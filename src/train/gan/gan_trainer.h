// Adversarial training of a generator on a folder of pictures (Goodfellow et al. 2014), with the relativistic loss and both gradient penalties of R3GAN (Huang
// et al. 2024). The penalties are approached by differences under small noise (Lin et al. 2025), so that no second derivative is needed.
#pragma once

#include <filesystem>

#include "image/gan.h"
#include "train/loop/run.h"
#include "train/picture/picture_set.h"

namespace ptah {

/// How well two sets of pictures can be told apart by a discriminator that is trained for that alone.
struct Equilibrium {
  double told_apart = 0.5;  ///< the share of pairs (a true picture, a made one), none of them seen in its training, in which the true one scores higher
  int64_t steps = 0, pairs = 0;
};
/// Trains a fresh discriminator for `steps` batches on the frozen generator and measures it on the `held_out` pictures and as many new ones. Chance is 0.5.
/// (The discriminator that the generator was trained against is fooled by it alone and proves nothing.)
Equilibrium fresh_discriminator(const GanConfig& config, const GanGenerator& generator, const PictureSet& set, const std::vector<int64_t>& pool,
                                const std::vector<int64_t>& held_out, int64_t steps, int64_t batch, uint64_t seed, const CancelToken* cancel = nullptr);

/// Trains by a config (docs/learning.md lists its keys). Into `out` come generator.safetensors (averaged weights), film.webp (what the same noise becomes from
/// step to step), curve.csv and curve.png, samples.png and equilibrium.json. A training that was cut goes on and ends in the same bytes. Errors:
/// invalid_argument for unknown keys (with the nearest), bad values or an output of another training; not_found; cancelled.
Result<void> train_gan(const Json& config, const std::filesystem::path& base_folder, const TrainCallbacks& callbacks);

struct QuickGan {
  std::filesystem::path pictures, out;
  int64_t size = 32;
  double seconds = 300;
  uint64_t seed = 0;
};
/// A config with as many steps as fit into the time (train/loop/quick.h). Errors: those of train_gan; invalid_argument if the time is too short.
Result<Json> quick_gan_config(const QuickGan& training, const TrainCallbacks& callbacks);

}  // namespace ptah
