// Reinforcement learning of language models: they answer, the answers are scored, and what scored better than expected becomes more likely.
#pragma once

#include <filesystem>

#include "text/lm/decoder.h"
#include "train/language/preference_data.h"
#include "train/picture/picture_trainer.h"
#include "train/reinforce/policy_loss.h"

namespace ptah {

/// A layer that says of every token of an answer what reward is still to come, and what it is to learn. It stands on the states, which take no gradient of it.
struct ValueLearning {
  Tensor weight, bias;                 ///< [1, width], [1]
  std::vector<double> before, wanted;  ///< of each token: the value when the answer was sampled, the return
  double clip = 0.2, factor = 0.1;     ///< of the loss (policy_loss.h)
};

/// One sampled answer under the decoder: what it adds to the loss of its batch of `answers` answers with `tokens` tokens, with gradients times `weight` in the
/// leaves. `scored.now` is filled; an empty `scored.before` means that the decoder itself sampled it.
TokenLosses learn_sampled(const Decoder& decoder, const PromptedAnswer& answer, ScoredTokens& scored, const PolicyLossConfig& config, int64_t answers,
                          int64_t tokens, double weight, DType type, const ValueLearning* values = nullptr);

/// Trains an adapter of a frozen model on scored answers of its own and writes it to `out` in PEFT's layout, with log.csv, curve.csv (reward; of the held-out
/// requests the share whose answers keep to all instructions, and to the single ones; the divergence from the first model in nats a token; tokens an answer),
/// curve.png, and samples.txt. Requests are rows as IFEval's (text/instructions); their reward is the share of the instructions that an answer keeps to, or
/// what a reward model says. Keys of the config: data, held_out (a share, or a file), out, start_from, reward ("instructions", or a folder of train_reward),
/// loss (grpo, dapo, dr_grpo, rloo, ppo), group, max_tokens, max_prompt_tokens, temperature, beta, kl (of rloo and ppo: how much the divergence costs),
/// clip_low, clip_high, scale_rewards, updates, gamma, lambda, value_clip, value_factor, eval_rows, eval_every, lora (rank, alpha, targets), dtype, and those
/// of every stage (batch: requests a step). Goes on from out/checkpoint.safetensors and ends in the same bytes. Errors: invalid_argument, naming the key;
/// not_found; corrupt; unsupported.
Result<void> train_reinforcement(const Json& config, const std::filesystem::path& base_folder, const TrainCallbacks& callbacks);

}  // namespace ptah
