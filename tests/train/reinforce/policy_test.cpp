// Losses of sampled answers and of rewards, and their gradients, as TRL's. tools/reference/policy.py made the golden file.
#include "train/reinforce/policy_loss.h"

#include <gtest/gtest.h>

#include <cmath>

#include "nn/weights.h"
#include "tensor/ops.h"
#include "text/lm/decoder.h"
#include "text/lm/language_families.h"
#include "train/reinforce/reinforcement.h"
#include "train/reinforce/reward_model.h"
#include "weights/safetensors.h"

namespace ptah {
namespace {

namespace fs = std::filesystem;

const fs::path kGoldenFiles = fs::path(PTAH_SOURCE_DIR) / "tests" / "golden";

class TrlsAnswers : public testing::Test {
 protected:
  static constexpr int64_t kAnswers = 6;

  TrlsAnswers() {
    for (const auto& [ours, tensor] : model_.tensors) {
      leaves_.emplace(ours, tensor.dtype() == DType::f32 ? tensor.clone() : cast(tensor, DType::f32));
      leaves_.at(ours).set_requires_grad();
      by_their_name_.emplace(hugging_face_name(ours, "llama"), leaves_.at(ours));
    }
  }
  PromptedAnswer answer(int64_t row) const {
    const int32_t* ids = golden_.at("ids").data<int32_t>() + row * golden_.at("ids").dim(1);
    return {{ids, ids + golden_.at("lengths").data<int32_t>()[row]}, golden_.at("answers").data<int32_t>()[row]};
  }
  std::vector<double> row_of(const std::string& name, int64_t row) const {
    const Tensor& all = golden_.at(name);
    const float* first = all.data<float>() + row * all.dim(1);
    return {first, first + answer(row).answer_tokens()};
  }
  float value(const std::string& name, int64_t i) const { return golden_.at(name).data<float>()[i]; }
  int64_t tokens() const {
    int64_t sum = 0;
    for (int64_t i = 0; i < kAnswers; ++i) sum += answer(i).answer_tokens();
    return sum;
  }
  void expect_gradients(const std::string& name, const std::string& none = "") const {
    int64_t at = 0;
    for (const auto& [theirs, leaf] : by_their_name_) {
      if (theirs == none) continue;
      ASSERT_TRUE(leaf.grad().defined()) << theirs;
      const float norm = value(name + ".norms", at++);
      EXPECT_NEAR(std::sqrt(sum(square(leaf.grad())).item()), norm, 1e-5F + 2e-5F * norm) << name << " " << theirs;
      const auto whole = golden_.find(name + ".grad." + theirs);
      if (whole == golden_.end()) continue;
      const auto a = leaf.grad().to_vector(), b = whole->second.to_vector();
      for (size_t k = 0; k < a.size(); ++k) ASSERT_NEAR(a[k], b[k], 1e-5) << name << " " << theirs;
    }
  }

  std::map<std::string, Tensor> golden_ = value_or_throw(read_safetensors(kGoldenFiles / "policy.safetensors")).tensors;
  LanguageWeights model_ = value_or_throw(language_weights(kGoldenFiles / "language" / "llama"));
  std::map<std::string, Tensor> leaves_, by_their_name_;
};

class TrlsPolicies : public TrlsAnswers, public testing::WithParamInterface<const char*> {};

TEST_P(TrlsPolicies, LossAndGradientsAreThoseOfTrl) {
  const std::string name = GetParam();
  Weights weights(leaves_);
  const Decoder decoder(weights, model_.config);
  const PolicyLossConfig config{.kind = value_or_throw(policy_loss_of(name)), .beta = name == "rloo" || name == "ppo" ? 0 : 0.04, .max_tokens = 12};
  double loss = 0;
  int64_t clipped = 0;
  for (int64_t i = 0; i < kAnswers; ++i) {
    const auto n = static_cast<size_t>(answer(i).answer_tokens());
    ScoredTokens scored{{}, row_of("old", i), row_of("reference", i), std::vector<double>(n, static_cast<double>(value("advantages", i)))};
    if (name == "ppo") scored.advantages = row_of("ppo.advantages", i);
    const TokenLosses one = learn_sampled(decoder, answer(i), scored, config, kAnswers, tokens(), 1, DType::f32);
    loss += one.loss;
    clipped += one.clipped;
    for (size_t t = 0; t < n; ++t) EXPECT_NEAR(scored.now[t], row_of("now", i)[t], 2e-5);
  }
  EXPECT_GT(clipped, 0) << "a batch in which the bounds count";
  EXPECT_NEAR(loss, value(name + ".loss", 0), 1e-5);
  expect_gradients(name);
}

INSTANTIATE_TEST_SUITE_P(Losses, TrlsPolicies, testing::Values("grpo", "dapo", "dr_grpo", "rloo", "ppo"), [](const auto& i) { return std::string(i.param); });

TEST_F(TrlsAnswers, PposAdvantagesAndValuesAreTrls) {
  std::vector<std::vector<double>> advantages, returns;
  for (int64_t i = 0; i < kAnswers; ++i) {
    const std::vector<double> old = row_of("old", i), reference = row_of("reference", i);
    std::vector<double> rewards;
    for (size_t t = 0; t < old.size(); ++t) rewards.push_back(-0.05 * (old[t] - reference[t]));
    rewards.back() += static_cast<double>(value("ppo.scores", i));
    Advantages made = generalized_advantages(rewards, row_of("ppo.values", i), 1, 0.95);
    advantages.push_back(made.advantages);
    returns.push_back(made.returns);
  }
  whiten(advantages);
  double loss = 0;
  for (int64_t i = 0; i < kAnswers; ++i)
    for (size_t t = 0; t < advantages[static_cast<size_t>(i)].size(); ++t) {
      EXPECT_NEAR(advantages[static_cast<size_t>(i)][t], row_of("ppo.advantages", i)[t], 1e-5);
      EXPECT_NEAR(returns[static_cast<size_t>(i)][t], row_of("ppo.returns", i)[t], 1e-5);
      const ValueLoss one = value_loss(row_of("ppo.new_values", i)[t], row_of("ppo.values", i)[t], returns[static_cast<size_t>(i)][t], 0.2, tokens());
      EXPECT_NEAR(one.by_value, row_of("ppo.value_grad", i)[t], 1e-6);
      loss += one.loss;
    }
  EXPECT_NEAR(loss, value("ppo.value_loss", 0), 1e-5);
}

TEST_F(TrlsAnswers, RewardsAndTheirLossAreTrls) {
  Weights weights(leaves_);
  const Decoder decoder(weights, model_.config);
  Tensor score = golden_.at("reward.score").clone();
  score.set_requires_grad();
  double loss = 0;
  for (int64_t i = 0; i < kAnswers / 2; ++i) {
    const PreferencePair pair{answer(i), answer(i + kAnswers / 2)};
    EXPECT_NEAR(reward_of(decoder, score, pair.chosen.tokens, DType::f32).item(), value("reward.rewards", i), 2e-5);
    loss += learn_reward(decoder, score, pair, 0.01, 2.0 / kAnswers, DType::f32).loss * 2 / kAnswers;
  }
  EXPECT_NEAR(loss, value("reward.loss", 0), 1e-5);
  by_their_name_.emplace("score.weight", score);
  expect_gradients("reward", "lm_head.weight");
}

TEST(PolicyLosses, GroupsAreWholeAndTheirAdvantagesSumToNothing) {
  const std::vector<double> rewards{1, 0, 0, 1, 3, 3, 3, 3};
  for (const auto& made : {group_advantages(rewards, 4), group_advantages(rewards, 4, false), leave_one_out_advantages(rewards, 4)}) {
    EXPECT_NEAR(made[0] + made[1] + made[2] + made[3], 0, 1e-12);
    EXPECT_GT(made[0], 0);
    for (size_t i = 4; i < 8; ++i) EXPECT_EQ(made[i], 0);
  }
  EXPECT_NEAR(leave_one_out_advantages(rewards, 4)[0], 1 - 1.0 / 3, 1e-12);
  EXPECT_THROW(group_advantages(rewards, 3), Failure);
  EXPECT_THROW(leave_one_out_advantages(rewards, 1), Failure);
}

TEST(PolicyLosses, DerivativesAreThoseOfTheLoss) {
  for (const char* name : {"grpo", "dapo", "dr_grpo", "rloo", "ppo"}) {
    const PolicyLossConfig config{.kind = value_or_throw(policy_loss_of(name)), .beta = 0.1, .max_tokens = 5};
    const ScoredTokens given{{-1.0, -2.0, -0.5}, {-1.05, -1.7, -0.6}, {-1.2, -1.9, -0.4}, {0.7, 0.7, 0.7}};
    const TokenLosses found = policy_loss(config, given, 3, 9);
    for (size_t t = 0; t < 3; ++t) {
      ScoredTokens up = given, down = given;
      up.now[t] += 1e-6, down.now[t] -= 1e-6;
      EXPECT_NEAR(found.by_token[t], (policy_loss(config, up, 3, 9).loss - policy_loss(config, down, 3, 9).loss) / 2e-6, 1e-7) << name;
    }
  }
}

}  // namespace
}  // namespace ptah
