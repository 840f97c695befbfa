// Answers sampled many at once, and trainings on scored ones.
#include "train/reinforce/reinforcement.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include "base/file.h"
#include "base/parallel.h"
#include "base/text.h"
#include "tensor/ops.h"
#include "text/lm/adapter_files.h"
#include "text/lm/language_model.h"
#include "train/language/language_trainer.h"
#include "train/reinforce/reward_model.h"
#include "train/reinforce/rollouts.h"
#include "weights/safetensors.h"

namespace ptah {
namespace {

namespace fs = std::filesystem;

class TinyRollouts : public testing::TestWithParam<const char*> {};

TEST_P(TinyRollouts, TheMostLikelyTokensAreTheDecodersWithItsAdapter) {
  const fs::path golden = fs::path(PTAH_SOURCE_DIR) / "tests" / "golden";
  LoadedLanguageModel model;
  model.model = std::make_shared<LanguageModel>(value_or_throw(language_weights(golden / "language" / GetParam())));
  Decoder& decoder = model.model->decoder();
  Rollouts rollouts(decoder, DType::f32);
  const auto check = [&] {
    const std::vector<std::vector<int32_t>> prompts{{5, 9, 17, 4}, {33, 8, 60, 61, 7, 12, 90}};
    const auto made = rollouts.sample(prompts, 2, {.max_tokens = 9, .temperature = 0}, nullptr);
    for (size_t i = 0; i < made.size(); ++i) {
      std::vector<int32_t> tokens = prompts[i / 2];
      for (const int32_t token : made[i].tokens) {
        const Tensor logits = decoder(Tensor::from({1, static_cast<int64_t>(tokens.size())}, tokens));
        const float* last = std::as_const(logits).data<float>() + (logits.dim(1) - 1) * logits.dim(2);
        EXPECT_EQ(token, std::max_element(last, last + logits.dim(2)) - last) << GetParam() << " answer " << i << " at " << tokens.size();
        tokens.push_back(token);
      }
      EXPECT_EQ(made[i].tokens.size(), 9U);
    }
    return made;
  };
  const auto before = check();
  if (std::string(GetParam()) != "llama") return;
  value_or_throw(apply_adapter(model, golden / "adapter"));
  rollouts.refresh();
  const auto after = check();
  EXPECT_NE(before[0].tokens, after[0].tokens) << "the adapter changes what is said";
}

INSTANTIATE_TEST_SUITE_P(Families, TinyRollouts, testing::Values("llama", "gemma3", "qwen2", "qwen3", "gpt2"),
                         [](const auto& i) { return std::string(i.param); });

TEST(SampledRollouts, DependOnSeedStreamAndPlaceOnlyAndEndAtStopTokens) {
  const fs::path golden = fs::path(PTAH_SOURCE_DIR) / "tests" / "golden";
  LanguageModel model(value_or_throw(language_weights(golden / "language" / "llama")));
  const Rollouts rollouts(model.decoder(), DType::f32);
  const std::vector<std::vector<int32_t>> prompts{{5, 9, 17, 4}, {33, 8}};
  RolloutOptions options{.max_tokens = 12, .temperature = 1, .seed = 3};
  const auto first = rollouts.sample(prompts, 3, options, nullptr);
  set_threads(1);
  const auto again = rollouts.sample(prompts, 3, options, nullptr);
  set_threads(0);
  for (size_t i = 0; i < first.size(); ++i) EXPECT_EQ(first[i].tokens, again[i].tokens);
  EXPECT_NE(first[0].tokens, first[1].tokens);
  options.stream = 1;
  EXPECT_NE(rollouts.sample(prompts, 3, options, nullptr)[0].tokens, first[0].tokens);
  options = {.max_tokens = 12, .temperature = 1, .seed = 3, .stop_tokens = {first[4].tokens[5]}};
  const auto stopped = rollouts.sample(prompts, 3, options, nullptr);
  EXPECT_TRUE(stopped[4].ended);
  const auto end = std::find(first[4].tokens.begin(), first[4].tokens.end(), first[4].tokens[5]);
  EXPECT_EQ(stopped[4].tokens, std::vector<int32_t>(first[4].tokens.begin(), end + 1));
  EXPECT_THROW(rollouts.sample({std::vector<int32_t>(5000, 4)}, 2, options, nullptr), Failure);
  CancelToken cancel;
  cancel.cancel();
  EXPECT_THROW(rollouts.sample(prompts, 1, options, &cancel), Failure);
}

class ReinforcementRun : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(folder_);
    value_or_throw(
        write_file(folder_ / "text.txt", std::string("yes no? ask me, my sea\nno yes\n") + std::string("key sea name aye say me on my knees, no? yes\n")));
    const Json model = {{"family", "mistral"}, {"layers", 2}, {"heads", 2}, {"width", 32}, {"context", 64}};
    value_or_throw(train_language({{"data", "text.txt"},
                                   {"out", "base"},
                                   {"steps", 120},
                                   {"batch", 4},
                                   {"warmup", 5},
                                   {"learning_rate", 2e-2},
                                   {"held_out", 0.0},
                                   {"dtype", "f32"},
                                   {"model", model}},
                                  folder_, {}));
    std::string rows;
    for (const char* question : {"ask? ", "me? ", "no? ", "yes? ", "my? ", "my me? ", "ask me? ", "as? "})
      rows +=
          Json{{"prompt", question}, {"instruction_id_list", {kKind, kKind, kKind}}, {"kwargs", {e_at_least(1), e_at_least(2), e_at_least(4)}}}.dump() + "\n";
    value_or_throw(write_file(folder_ / "requests.jsonl", rows));
  }
  void TearDown() override { fs::remove_all(folder_); }
  static constexpr const char* kKind = "keywords:letter_frequency";
  static Json e_at_least(int64_t count) { return {{"letter", "e"}, {"let_relation", "at least"}, {"let_frequency", count}}; }
  Result<void> run(const Json& more) const {
    Json config = {{"start_from", (folder_ / "base").string()},
                   {"steps", 4},
                   {"batch", 2},
                   {"group", 4},
                   {"max_tokens", 10},
                   {"dtype", "f32"},
                   {"learning_rate", 1e-2},
                   {"held_out", 0.2}};
    config.update(more);
    return train_reinforcement(config, folder_, {});
  }
  Bytes bytes(const std::string& file) const { return value_or_throw(read_file(folder_ / file)); }
  std::vector<double> column(const std::string& out, size_t which) const {
    std::vector<double> all;
    for (const std::string& line : lines_of(value_or_throw(read_text(folder_ / out / "curve.csv")))) {
      if (line[0] == 's') continue;
      std::string rest = line;
      for (size_t i = 0; i < which; ++i) rest = rest.substr(rest.find(',') + 1);
      all.push_back(std::stod(rest));
    }
    return all;
  }
  fs::path folder_ = fs::temp_directory_path() / fmt::format("ptah-reinforcement-{}", ::getpid());
};

TEST_F(ReinforcementRun, EveryLossRaisesTheRewardOfItsOwnAnswers) {
  for (const char* loss : {"dapo", "grpo", "dr_grpo", "rloo", "ppo"}) {
    value_or_throw(run({{"out", loss}, {"loss", loss}, {"kl", 0.0}, {"lambda", 1.0}, {"steps", 30}, {"group", 8}, {"eval_every", 10}}));
    const std::vector<double> reward = column(loss, 1);
    ASSERT_EQ(reward.size(), 4U) << loss;
    EXPECT_GT(reward.back(), reward[1] + 0.2) << loss << ": mean rewards of steps 0 to 9, and of the last ten";
    EXPECT_TRUE(fs::exists(folder_ / loss / "adapter_config.json"));
  }
}

TEST_F(ReinforcementRun, ARunThatWasCutEndsInTheSameAdapterEvenWithinARound) {
  for (const char* loss : {"dapo", "ppo"}) {
    const std::string whole = std::string(loss) + "-whole", cut = std::string(loss) + "-cut";
    value_or_throw(run({{"loss", loss}, {"out", whole}, {"updates", 2}}));
    value_or_throw(run({{"loss", loss}, {"out", cut}, {"updates", 2}, {"stop_at", 3}}));
    EXPECT_TRUE(bytes(whole + "/adapter_model.safetensors") != bytes(cut + "/adapter_model.safetensors"));
    value_or_throw(run({{"loss", loss}, {"out", cut}, {"updates", 2}}));
    EXPECT_TRUE(bytes(whole + "/adapter_model.safetensors") == bytes(cut + "/adapter_model.safetensors")) << loss;
  }
}

TEST_F(ReinforcementRun, EveryOptionChangesTheAdapterAndWrongOnesAreRefused) {
  value_or_throw(run({{"out", "plain"}}));
  value_or_throw(run({{"out", "ppo"}, {"loss", "ppo"}}));
  value_or_throw(run({{"out", "rloo"}, {"loss", "rloo"}}));
  int i = 0;
  for (const auto& [against, change] : std::vector<std::pair<std::string, Json>>{{"plain", {{"loss", "rloo"}}},
                                                                                 {"plain", {{"group", 5}}},
                                                                                 {"plain", {{"max_tokens", 8}}},
                                                                                 {"plain", {{"temperature", 0.7}}},
                                                                                 {"plain", {{"beta", 0.5}}},
                                                                                 {"plain", {{"scale_rewards", false}, {"learning_rate", 2e-2}}},
                                                                                 {"plain", {{"seed", 2}}},
                                                                                 {"plain", {{"updates", 2}}},
                                                                                 {"plain", {{"lora", {{"rank", 3}}}}},
                                                                                 {"rloo", {{"loss", "rloo"}, {"kl", 0.9}}},
                                                                                 {"ppo", {{"loss", "ppo"}, {"kl", 0.9}}},
                                                                                 {"ppo", {{"loss", "ppo"}, {"gamma", 0.5}}},
                                                                                 {"ppo", {{"loss", "ppo"}, {"lambda", 0.1}}}}) {
    Json other = change;
    other["out"] = fmt::format("other{}", i++);
    value_or_throw(run(other));
    EXPECT_TRUE(bytes(against + "/adapter_model.safetensors") != bytes(other["out"].get<std::string>() + "/adapter_model.safetensors")) << other.dump();
  }
  for (const Json& wrong : {Json{{"loss", "reinforce"}}, Json{{"group", 1}}, Json{{"temperature", 0}}, Json{{"clip_low", 1}}, Json{{"gruop", 4}},
                            Json{{"data", "nowhere.jsonl"}}, Json{{"reward", "nowhere"}}, Json{{"gamma", 2}}, Json{{"max_prompt_tokens", 1}}}) {
    Json with = wrong;
    with["out"] = "wrong";
    EXPECT_FALSE(run(with)) << wrong.dump();
  }
}

TEST_F(ReinforcementRun, ARewardModelLearnsPairsAndScoresAnswers) {
  std::string rows;
  for (const char* question : {"ask? ", "me? ", "no? ", "yes? ", "my? ", "my me? ", "ask me? ", "as? ", "say? ", "sea? "})
    rows += Json{{"prompt", question}, {"chosen", "eee"}, {"rejected", "aaa"}}.dump() + "\n";
  value_or_throw(write_file(folder_ / "pairs.jsonl", rows));
  const Json config = {{"data", "pairs.jsonl"}, {"out", "judge"}, {"start_from", (folder_ / "base").string()}, {"steps", 20}, {"batch", 4}, {"dtype", "f32"},
                       {"learning_rate", 1e-2}, {"held_out", 0.3}};
  value_or_throw(train_reward(config, folder_, {}));
  const Json scores = value_or_throw(parse_json(value_or_throw(read_text(folder_ / "judge" / "scores.json"))));
  EXPECT_EQ(scores.at("accuracy"), 1.0);
  EXPECT_LT(scores.at("interval_95")[0], 1.0);
  Json cut = config;
  cut["out"] = "cut", cut["stop_at"] = 7;
  value_or_throw(train_reward(cut, folder_, {}));
  cut.erase("stop_at");
  value_or_throw(train_reward(cut, folder_, {}));
  EXPECT_EQ(bytes("judge/reward.safetensors"), bytes("cut/reward.safetensors"));
  EXPECT_EQ(bytes("judge/adapter_model.safetensors"), bytes("cut/adapter_model.safetensors"));
  const RewardModel judge = value_or_throw(load_reward_model(folder_ / "judge"));
  const auto reward = [&](const std::string& text) { return judge.reward(judge.model.tokenizer->encode(text)); };
  EXPECT_GT(reward("say me? eee"), reward("say me? aaa"));
  value_or_throw(run({{"out", "by-judge"}, {"reward", "judge"}, {"steps", 12}, {"eval_every", 6}}));
  EXPECT_GT(column("by-judge", 1).back(), column("by-judge", 1)[1]);
  EXPECT_FALSE(load_reward_model(folder_ / "base"));
}

}  // namespace
}  // namespace ptah
