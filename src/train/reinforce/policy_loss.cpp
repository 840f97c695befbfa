#include "train/reinforce/policy_loss.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>

#include "base/text.h"
#include "train/language/logistic.h"

namespace ptah {

namespace {

constexpr std::array<std::pair<const char*, PolicyLoss>, 5> kPolicyNames{
    {{"grpo", PolicyLoss::grpo}, {"dapo", PolicyLoss::dapo}, {"dr_grpo", PolicyLoss::dr_grpo}, {"rloo", PolicyLoss::rloo}, {"ppo", PolicyLoss::ppo}}};

/// −min(r·a, clip(r)·a) with r = e^`log_ratio`, and its derivative by log_ratio.
struct Clipped {
  double loss = 0, slope = 0;
  bool clipped = false;
};
Clipped clipped_loss(double log_ratio, double advantage, const PolicyLossConfig& config) {
  const double ratio = std::exp(log_ratio), held = std::clamp(ratio, 1 - config.clip_low, 1 + config.clip_high);
  if (held * advantage < ratio * advantage) return {-held * advantage, 0, true};
  return {-ratio * advantage, -ratio * advantage, false};
}

void check_groups(const std::vector<double>& rewards, int64_t group) {
  if (group < 2 || rewards.size() % static_cast<size_t>(group) != 0)
    throw Failure({ErrorCode::invalid_argument, fmt::format("{} rewards in groups of {}: groups are whole, and of at least 2", rewards.size(), group)});
}

}  // namespace

Result<PolicyLoss> policy_loss_of(const std::string& name) {
  for (const auto& [known, loss] : kPolicyNames)
    if (name == known) return loss;
  return unknown_name("loss", name, kPolicyLosses);
}

TokenLosses policy_loss(const PolicyLossConfig& config, const ScoredTokens& answer, int64_t answers, int64_t tokens) {
  const size_t n = answer.now.size();
  PTAH_CHECK(answer.before.size() == n && answer.advantages.size() == n &&
                 (config.beta == 0 || config.kind == PolicyLoss::rloo || config.kind == PolicyLoss::ppo || answer.reference.size() == n),
             "policy loss: {} tokens, {} before, {} advantages, {} of the reference", n, answer.before.size(), answer.advantages.size(),
             answer.reference.size());
  TokenLosses out;
  out.by_token.assign(n, 0);
  if (n == 0) return out;
  const auto batch = static_cast<double>(std::max<int64_t>(answers, 1));
  if (config.kind == PolicyLoss::rloo) {
    double log_ratio = 0;
    for (size_t t = 0; t < n; ++t) log_ratio += answer.now[t] - answer.before[t];
    const Clipped whole = clipped_loss(log_ratio, answer.advantages[0], config);
    out.loss = whole.loss / batch;
    out.by_token.assign(n, whole.slope / batch);
    out.clipped = whole.clipped;
    return out;
  }
  const double by = config.kind == PolicyLoss::grpo      ? batch * static_cast<double>(n)
                    : config.kind == PolicyLoss::dr_grpo ? batch * static_cast<double>(config.max_tokens)
                                                         : static_cast<double>(std::max<int64_t>(tokens, 1));
  const bool diverges = config.beta != 0 && config.kind != PolicyLoss::ppo;
  for (size_t t = 0; t < n; ++t) {
    const Clipped one = clipped_loss(answer.now[t] - answer.before[t], answer.advantages[t], config);
    double loss = one.loss, slope = one.slope;
    if (diverges) {  // the estimate of Schulman 2020 that is never below 0, times the ratio, so that its gradient is that of the divergence
      const double away = answer.reference[t] - answer.now[t], factor = std::exp(away), ratio = std::exp(answer.now[t] - answer.before[t]);
      loss += config.beta * ratio * (factor - away - 1);
      slope += config.beta * ratio * (factor - away - 1 + 1 - factor);
    }
    out.loss += loss / by;
    out.by_token[t] = slope / by;
    out.clipped += one.clipped;
  }
  return out;
}

std::vector<double> group_advantages(const std::vector<double>& rewards, int64_t group, bool scaled) {
  check_groups(rewards, group);
  std::vector<double> out(rewards.size());
  const auto g = static_cast<size_t>(group);
  for (size_t at = 0; at < rewards.size(); at += g) {
    const double mean =
        std::accumulate(rewards.begin() + static_cast<std::ptrdiff_t>(at), rewards.begin() + static_cast<std::ptrdiff_t>(at + g), 0.0) / static_cast<double>(g);
    double variance = 0;
    for (size_t i = at; i < at + g; ++i) variance += (rewards[i] - mean) * (rewards[i] - mean) / static_cast<double>(g - 1);
    for (size_t i = at; i < at + g; ++i) out[i] = (rewards[i] - mean) / (scaled ? std::sqrt(variance) + 1e-4 : 1);
  }
  return out;
}

std::vector<double> leave_one_out_advantages(const std::vector<double>& rewards, int64_t group) {
  check_groups(rewards, group);
  std::vector<double> out(rewards.size());
  const auto g = static_cast<size_t>(group);
  for (size_t at = 0; at < rewards.size(); at += g) {
    const double sum = std::accumulate(rewards.begin() + static_cast<std::ptrdiff_t>(at), rewards.begin() + static_cast<std::ptrdiff_t>(at + g), 0.0);
    for (size_t i = at; i < at + g; ++i) out[i] = rewards[i] - (sum - rewards[i]) / static_cast<double>(g - 1);
  }
  return out;
}

Advantages generalized_advantages(const std::vector<double>& rewards, const std::vector<double>& values, double gamma, double lambda) {
  PTAH_CHECK(rewards.size() == values.size(), "advantages: {} rewards, {} values", rewards.size(), values.size());
  Advantages out{std::vector<double>(values.size()), std::vector<double>(values.size())};
  double running = 0;
  for (size_t t = values.size(); t-- > 0;) {
    const double next = t + 1 < values.size() ? values[t + 1] : 0;
    running = rewards[t] + gamma * next - values[t] + gamma * lambda * running;
    out.advantages[t] = running;
    out.returns[t] = running + values[t];
  }
  return out;
}

void whiten(std::vector<std::vector<double>>& batch) {
  double n = 0, sum = 0, squares = 0;
  for (const auto& row : batch)
    for (const double x : row) n += 1, sum += x;
  if (n < 2) return;
  const double mean = sum / n;
  for (const auto& row : batch)
    for (const double x : row) squares += (x - mean) * (x - mean);
  const double factor = 1 / std::sqrt(squares / (n - 1) + 1e-8);
  for (auto& row : batch)
    for (double& x : row) x = (x - mean) * factor;
}

ValueLoss value_loss(double value, double before, double wanted, double clip, int64_t tokens) {
  const auto by = static_cast<double>(std::max<int64_t>(tokens, 1));
  const double held = std::clamp(value, before - clip, before + clip), free_error = value - wanted, held_error = held - wanted;
  if (held_error * held_error > free_error * free_error) return {0.5 * held_error * held_error / by, 0};
  return {0.5 * free_error * free_error / by, free_error / by};
}

RewardLoss reward_loss(double chosen, double rejected, double centring) {
  const double margin = chosen - rejected, sum = chosen + rejected, slope = -logistic(-margin);
  return {softplus_of_minus(margin) + centring * sum * sum, slope + 2 * centring * sum, -slope + 2 * centring * sum};
}

}  // namespace ptah
