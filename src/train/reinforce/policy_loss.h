// Losses of answers that a model gave itself and that were scored: reinforcement learning on texts, as TRL computes them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"

namespace ptah {

enum class PolicyLoss : uint8_t {
  grpo,     ///< Shao et al. 2024: the mean of the answers' means over tokens
  dapo,     ///< Yu et al. 2025: the mean over all tokens of a batch
  dr_grpo,  ///< Liu et al. 2025: the sum over tokens, by the number of answers and the most tokens that an answer may have
  rloo,     ///< Ahmadian et al. 2024: ratios of whole answers
  ppo,      ///< Schulman et al. 2017: the mean over all tokens of a batch, advantages of each token
};
inline constexpr const char* kPolicyLosses = "grpo dapo dr_grpo rloo ppo";
/// Errors: invalid_argument, naming those there are.
Result<PolicyLoss> policy_loss_of(const std::string& name);

struct PolicyLossConfig {
  PolicyLoss kind = PolicyLoss::dapo;
  double clip_low = 0.2, clip_high = 0.2;  ///< ratios beyond 1 − clip_low and 1 + clip_high bring nothing more
  double beta = 0;                         ///< of grpo, dapo, dr_grpo: how much the divergence from the reference counts
  int64_t max_tokens = 256;                ///< of dr_grpo
};

/// An answer's tokens: log-probabilities under the model, under the one that sampled it, and under the reference (empty if beta is 0), and how much better than
/// expected each token was.
struct ScoredTokens {
  std::vector<double> now, before, reference, advantages;
};

struct TokenLosses {
  double loss = 0;
  std::vector<double> by_token;  ///< derivatives of the loss by `now`
  int64_t clipped = 0;           ///< tokens (of rloo: answers) whose ratio was beyond the bounds on the side that counts
};
/// What one answer adds to the loss of a batch of `answers` answers with `tokens` tokens in all.
TokenLosses policy_loss(const PolicyLossConfig& config, const ScoredTokens& answer, int64_t answers, int64_t tokens);

/// Rewards of groups of answers to one prompt less the group's mean, by its standard deviation + 1e-4 (Shao et al. 2024), or as they are if not `scaled` (Liu
/// et al. 2025). `rewards` holds group behind group. Throws Failure: invalid_argument if they are no whole groups.
std::vector<double> group_advantages(const std::vector<double>& rewards, int64_t group, bool scaled = true);
/// Rewards less the mean of the group's others. Groups are of at least two.
std::vector<double> leave_one_out_advantages(const std::vector<double>& rewards, int64_t group);

struct Advantages {
  std::vector<double> advantages, returns;
};
/// Generalized advantage estimates (Schulman et al. 2016) of an answer's tokens from rewards and values of each, with discount `gamma` and decay `lambda`;
/// nothing is expected behind the last.
Advantages generalized_advantages(const std::vector<double>& rewards, const std::vector<double>& values, double gamma, double lambda);
/// Gives all numbers of a batch mean 0 and standard deviation 1 (of a sample).
void whiten(std::vector<std::vector<double>>& batch);

struct ValueLoss {
  double loss = 0, by_value = 0;
};
/// Half the squared error of a value, or of the value held within `clip` of `before`, whichever is more; by the number of tokens of the batch.
ValueLoss value_loss(double value, double before, double wanted, double clip, int64_t tokens);

struct RewardLoss {
  double loss = 0, by_chosen = 0, by_rejected = 0;
};
/// −log σ(chosen − rejected) (Bradley and Terry 1952) + centring · (chosen + rejected)², which keeps rewards near 0 (Eisenstein et al. 2023).
RewardLoss reward_loss(double chosen, double rejected, double centring = 0);

}  // namespace ptah
