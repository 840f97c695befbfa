// Models that say how much people like an answer: a decoder with an adapter and one more row behind its last state (Stiennon et al. 2020).
#pragma once

#include <filesystem>

#include "train/language/preference_data.h"
#include "train/picture/picture_trainer.h"
#include "train/reinforce/policy_loss.h"

namespace ptah {

/// The reward of a text: score [1, width] · the state of its last token. Scalar f32, with gradients.
Tensor reward_of(const Decoder& decoder, const Tensor& score, const std::vector<int32_t>& tokens, DType type);

/// The loss of a pair (policy_loss.h), with gradients times `weight` in the leaves. `margin`: by how much more the chosen answer is liked.
RewardLoss learn_reward(const Decoder& decoder, const Tensor& score, const PreferencePair& pair, double centring, double weight, DType type,
                        double* margin = nullptr);

struct RewardModel {
  LoadedLanguageModel model;  ///< with its adapter
  Tensor score;
  /// Of a prompt with its answer, as tokens of the model.
  double reward(const std::vector<int32_t>& tokens) const;
};
/// A folder that train_reward wrote. Errors: not_found; corrupt; those of the adapter.
Result<RewardModel> load_reward_model(const std::filesystem::path& folder);

/// Trains a reward model on pairs (train/language/preference_data.h) and writes it to `out`: the adapter in PEFT's layout, reward.safetensors with the last
/// row, scores.json (the share of held-out pairs whose chosen answer gets more, with its 95 % interval of Wilson 1927), curve.csv and curve.png. Keys of the
/// config: data, held_out (a share, or a file), out, start_from, centring, lora (rank, alpha, targets), max_tokens, epochs, dtype, and those of every stage.
/// Goes on from out/checkpoint.safetensors and ends in the same bytes. Errors: invalid_argument, naming the key; not_found; corrupt; unsupported.
Result<void> train_reward(const Json& config, const std::filesystem::path& base_folder, const TrainCallbacks& callbacks);

}  // namespace ptah
