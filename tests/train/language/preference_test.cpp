// Losses of preferences and their gradients as TRL's, and trainings on pairs. tools/reference/preference.py made the golden file.
#include "train/language/preference_trainer.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "nn/weights.h"
#include "tensor/ops.h"
#include "text/lm/adapter_files.h"
#include "text/lm/language_families.h"
#include "train/language/language_trainer.h"
#include "train/language/network.h"
#include "weights/safetensors.h"

namespace ptah {
namespace {

namespace fs = std::filesystem;

const fs::path kGoldenFiles = fs::path(PTAH_SOURCE_DIR) / "tests" / "golden";

class TrlsPairs : public testing::Test {
 protected:
  PreferencePair pair(int64_t i) const {
    const auto one = [&](int64_t row) {
      const int64_t width = golden_.at("ids").dim(1);
      const int32_t* ids = golden_.at("ids").data<int32_t>() + row * width;
      return PromptedAnswer{{ids, ids + golden_.at("lengths").data<int32_t>()[row]}, golden_.at("answers").data<int32_t>()[row]};
    };
    return {one(i), one(i + kPairs)};
  }
  float value(const std::string& name, int64_t i) const { return golden_.at(name).data<float>()[i]; }

  static constexpr int64_t kPairs = 3;
  std::map<std::string, Tensor> golden_ = value_or_throw(read_safetensors(kGoldenFiles / "preference.safetensors")).tensors;
  LanguageWeights model_ = value_or_throw(language_weights(kGoldenFiles / "language" / "llama"));
};

TEST_F(TrlsPairs, LossesAndGradientsAreThoseOfTrl) {
  for (const char* name : {"sigmoid", "hinge", "ipo", "robust", "apo_zero", "sigmoid_norm"}) {
    std::map<std::string, Tensor> leaves, by_their_name;
    for (const auto& [ours, tensor] : model_.tensors) {
      leaves.emplace(ours, tensor.dtype() == DType::f32 ? tensor.clone() : cast(tensor, DType::f32));
      leaves.at(ours).set_requires_grad();
      by_their_name.emplace(hugging_face_name(ours, "llama"), leaves.at(ours));
    }
    Weights weights(leaves);
    const Decoder decoder(weights, model_.config);
    const PreferenceLoss kind = value_or_throw(preference_loss_of(name));
    double loss = 0;
    for (int64_t i = 0; i < kPairs; ++i) {
      EXPECT_NEAR(answer_likelihood(decoder, pair(i).chosen, DType::f32).item(), value("log_probabilities", i), 2e-4);
      EXPECT_NEAR(answer_likelihood(decoder, pair(i).rejected, DType::f32).item(), value("log_probabilities", i + kPairs), 2e-4);
      loss += learn_pair(decoder, pair(i), {value("reference", i), value("reference", i + kPairs)}, kind, 0.1, kind == PreferenceLoss::robust ? 0.1 : 0,
                         1.0 / kPairs, DType::f32)
                  .loss /
              kPairs;
    }
    EXPECT_NEAR(loss, value(std::string(name) + ".loss", 0), 1e-5) << name;
    int64_t at = 0;
    for (const auto& [theirs, leaf] : by_their_name) {
      ASSERT_TRUE(leaf.grad().defined()) << theirs;
      const float norm = value(std::string(name) + ".norms", at++), found = std::sqrt(sum(square(leaf.grad())).item());
      EXPECT_NEAR(found, norm, 1e-5F + 2e-5F * norm) << name << " " << theirs;
      const auto whole = golden_.find(std::string(name) + ".grad." + theirs);
      if (whole == golden_.end()) continue;
      const auto a = leaf.grad().to_vector(), b = whole->second.to_vector();
      for (size_t k = 0; k < a.size(); ++k) ASSERT_NEAR(a[k], b[k], 1e-5) << name << " " << theirs;
    }
  }
}

TEST_F(TrlsPairs, KtoIsTrlsWithItsDivergence) {
  std::map<std::string, Tensor> leaves, by_their_name;
  for (const auto& [ours, tensor] : model_.tensors) {
    leaves.emplace(ours, tensor.dtype() == DType::f32 ? tensor.clone() : cast(tensor, DType::f32));
    leaves.at(ours).set_requires_grad();
    by_their_name.emplace(hugging_face_name(ours, "llama"), leaves.at(ours));
  }
  Weights weights(leaves);
  const Decoder decoder(weights, model_.config);
  std::vector<PreferencePair> rows;
  for (int64_t i = 0; i < kPairs; ++i) rows.push_back({pair(i).chosen, {}, true});
  for (int64_t i = 0; i < kPairs; ++i) rows.push_back({pair(i).rejected, {}, false});
  std::vector<const PreferencePair*> all;
  for (const PreferencePair& row : rows) all.push_back(&row);
  double divergence = 0;
  int64_t at = 0;
  for (const PromptedAnswer& other : mismatched(all))
    divergence += static_cast<double>(answer_likelihood(decoder, other, DType::f32).item() - value("kto.others", at++)) / (2 * kPairs);
  EXPECT_NEAR(divergence, value("kto.divergence", 0), 1e-4);
  EXPECT_GT(divergence, 0.01);
  double loss = 0, without = 0;
  for (int64_t i = 0; i < 2 * kPairs; ++i) {
    const PreferencePair& row = rows[static_cast<size_t>(i)];
    without += learn_answer(decoder, row, value("kto.reference", i), 0.1, 0, 0, DType::f32).loss / (2 * kPairs);
    loss += learn_answer(decoder, row, value("kto.reference", i), 0.1, divergence, 1.0 / (2 * kPairs), DType::f32).loss / (2 * kPairs);
  }
  EXPECT_NEAR(loss, value("kto.loss", 0), 1e-5);
  EXPECT_GT(std::abs(loss - without), 1e-5) << "without the divergence it is another loss";
  at = 0;
  for (const auto& [theirs, leaf] : by_their_name) {
    const float norm = value("kto.norms", at++);
    EXPECT_NEAR(std::sqrt(sum(square(leaf.grad())).item()), norm, 1e-5F + 2e-5F * norm) << theirs;
  }
}

TEST(AnswerLosses, DerivativesAreThoseOfTheLossAndPairsOfThemAreApoZero) {
  for (const bool liked : {true, false})
    for (const double ratio : {-30.0, -1.0, 0.3, 25.0})
      for (const double divergence : {0.0, 2.0}) {
        const double numeric = (answer_loss(ratio + 1e-5, liked, 0.2, divergence).loss - answer_loss(ratio - 1e-5, liked, 0.2, divergence).loss) / 2e-5;
        EXPECT_NEAR(answer_loss(ratio, liked, 0.2, divergence).by_answer, numeric, 1e-6);
      }
  const AnswerPair pair{-20, -25, -22, -24, 5, 7};
  EXPECT_NEAR(answer_loss(2, true, 0.1, 0).loss + answer_loss(-1, false, 0.1, 0).loss, pair_loss(PreferenceLoss::apo_zero, pair, 0.1).loss, 1e-12);
}

TEST(PairLosses, DerivativesAreThoseOfTheLoss) {
  for (const char* name : {"sigmoid", "hinge", "ipo", "robust", "apo_zero", "sigmoid_norm"}) {
    const PreferenceLoss kind = value_or_throw(preference_loss_of(name));
    for (const double lift : {-40.0, -3.0, 0.5, 4.0, 60.0}) {
      const AnswerPair at{-20 + lift, -25, -22, -24, 5, 7};
      const auto loss = [&](double chosen, double rejected) {
        AnswerPair moved = at;
        moved.chosen += chosen;
        moved.rejected += rejected;
        return pair_loss(kind, moved, 0.2, 0.1).loss;
      };
      const PairLoss found = pair_loss(kind, at, 0.2, 0.1);
      EXPECT_NEAR(found.by_chosen, (loss(1e-5, 0) - loss(-1e-5, 0)) / 2e-5, 1e-6) << name << lift;
      EXPECT_NEAR(found.by_rejected, (loss(0, 1e-5) - loss(0, -1e-5)) / 2e-5, 1e-6) << name << lift;
      EXPECT_TRUE(std::isfinite(found.loss));
    }
    EXPECT_NE(pair_loss(kind, {-20, -25, -22, -24, 5, 7}, 0.2).loss, pair_loss(kind, {-20, -25, -22, -24, 5, 7}, 0.4).loss) << "beta changes " << name;
  }
  EXPECT_FALSE(preference_loss_of("simpo"));
}

TEST_F(TrlsPairs, AnAdapterOfPeftGivesPeftsLogits) {
  LoadedLanguageModel model;
  model.model = std::make_shared<LanguageModel>(model_);
  const auto ids = golden_.at("ids").rows(0, 1);
  const auto logits_of = [&] { return model.model->decoder()(ids).to_vector(); };
  const auto wanted = golden_.at("adapter.logits").to_vector();
  const auto difference = [&] {
    const auto found = logits_of();
    float out = 0;
    for (size_t i = 0; i < wanted.size(); ++i) out = std::max(out, std::abs(found[i] - wanted[i]));
    return out;
  };
  EXPECT_GT(difference(), 0.1F) << "without the adapter they differ";
  value_or_throw(apply_adapter(model, kGoldenFiles / "adapter"));
  EXPECT_LT(difference(), 1e-4F);
  // Written again it holds what PEFT wrote, by the same names.
  const fs::path again = fs::temp_directory_path() / fmt::format("ptah-peft-{}", ::getpid());
  value_or_throw(write_adapter(again, value_or_throw(read_adapter(kGoldenFiles / "adapter", model_.config)), model_.config));
  const auto theirs = value_or_throw(read_safetensors(kGoldenFiles / "adapter" / "adapter_model.safetensors")).tensors;
  const auto ours = value_or_throw(read_safetensors(again / "adapter_model.safetensors")).tensors;
  ASSERT_EQ(ours.size(), theirs.size());
  for (const auto& [name, tensor] : theirs) {
    ASSERT_TRUE(ours.contains(name)) << name;
    EXPECT_EQ(ours.at(name).to_vector(), tensor.to_vector()) << name;
  }
  const Json config = value_or_throw(parse_json(value_or_throw(read_text(again / "adapter_config.json"))));
  EXPECT_EQ(config.at("target_modules"), Json({"down_proj", "k_proj", "q_proj"}));
  EXPECT_EQ(config.at("r"), 3);
  EXPECT_EQ(config.at("lora_alpha"), 12);
  fs::remove_all(again);
}

class PreferenceRun : public testing::Test {
 protected:
  void SetUp() override {
    // A model of characters that knows nothing yet; "yes" is preferred.
    fs::create_directories(folder_);
    value_or_throw(write_file(folder_ / "text.txt", std::string("yes no? ask me\nno yes\n") + std::string(400, 'e')));
    value_or_throw(train_language_());
    std::string rows;
    for (const char* question : {"ask? ", "me? ", "no? ", "yes? ", "sky? ", "my me? ", "ask me? ", "as? "})
      rows += Json{{"prompt", question}, {"chosen", "yes"}, {"rejected", "no"}}.dump() + "\n";
    value_or_throw(write_file(folder_ / "rows.jsonl", rows));
  }
  void TearDown() override { fs::remove_all(folder_); }
  Result<void> train_language_() const;
  Result<void> run(Json more, std::vector<std::string>* said = nullptr) const {
    Json config = {{"data", "rows.jsonl"}, {"start_from", (folder_ / "base").string()}, {"steps", 6}, {"batch", 2}, {"dtype", "f32"}, {"learning_rate", 1e-2},
                   {"held_out", 0.3}};
    config.update(more);
    TrainCallbacks calls;
    calls.say = [said](const std::string& line) {
      if (said) said->push_back(line);
    };
    return train_preference(config, folder_, calls);
  }
  Bytes bytes(const std::string& file) const { return value_or_throw(read_file(folder_ / file)); }
  fs::path folder_ = fs::temp_directory_path() / fmt::format("ptah-preference-training-{}", ::getpid());
};

TEST_F(PreferenceRun, ARunThatWasCutEndsInTheSameAdapter) {
  value_or_throw(run({{"out", "whole"}}));
  value_or_throw(run({{"out", "cut"}, {"stop_at", 2}}));
  EXPECT_NE(bytes("whole/adapter_model.safetensors"), bytes("cut/adapter_model.safetensors"));
  value_or_throw(run({{"out", "cut"}}));
  EXPECT_EQ(bytes("whole/adapter_model.safetensors"), bytes("cut/adapter_model.safetensors"));
}

TEST_F(PreferenceRun, TheModelComesToPreferWhatWasPreferred) {
  value_or_throw(run({{"out", "made"}, {"steps", 40}}));
  const auto rows = lines_of(value_or_throw(read_text(folder_ / "made" / "curve.csv")));
  EXPECT_EQ(rows.back().substr(rows.back().rfind(',') + 1), "1.000000") << rows.back();
  LoadedLanguageModel model = value_or_throw(load_language_model(folder_ / "base"));
  const auto margin = [&] {
    const auto answer = [&](const char* text) {
      PromptedAnswer out{model.tokenizer->encode("sea? "), 5};
      for (const int32_t token : model.tokenizer->encode(text)) out.tokens.push_back(token);
      return answer_likelihood(model.model->decoder(), out, DType::f32).item();
    };
    return answer("yes") - answer("no");
  };
  const float before = margin();
  value_or_throw(apply_adapter(model, folder_ / "made"));
  EXPECT_GT(margin(), before + 1);
}

TEST_F(PreferenceRun, SingleAnswersThatWereLikedOrNotAreLearntFromToo) {
  std::string rows;
  for (const char* question : {"ask? ", "me? ", "no? ", "yes? ", "sky? ", "my me? "})
    for (const bool liked : {true, false}) rows += Json{{"prompt", question}, {"completion", liked ? "yes" : "no"}, {"label", liked}}.dump() + "\n";
  value_or_throw(write_file(folder_ / "judged.jsonl", rows));
  for (const char* loss : {"kto", "apo_zero_unpaired"}) {
    const std::string out = loss, cut = out + "-cut";
    value_or_throw(run({{"data", "judged.jsonl"}, {"loss", loss}, {"out", out}, {"steps", 12}, {"batch", 4}, {"beta", 0.5}}));
    value_or_throw(run({{"data", "judged.jsonl"}, {"loss", loss}, {"out", cut}, {"steps", 12}, {"batch", 4}, {"beta", 0.5}, {"stop_at", 5}}));
    value_or_throw(run({{"data", "judged.jsonl"}, {"loss", loss}, {"out", cut}, {"steps", 12}, {"batch", 4}, {"beta", 0.5}}));
    EXPECT_EQ(bytes(out + "/adapter_model.safetensors"), bytes(cut + "/adapter_model.safetensors"));
    const auto lines = lines_of(value_or_throw(read_text(folder_ / out / "curve.csv")));
    EXPECT_EQ(lines.back().substr(lines.back().rfind(',') + 1), "1.000000") << lines.back();
  }
  EXPECT_NE(bytes("kto/adapter_model.safetensors"), bytes("apo_zero_unpaired/adapter_model.safetensors"));
  EXPECT_FALSE(run({{"loss", "kto"}, {"out", "wrong"}})) << "pairs are no judgments";
}

TEST_F(PreferenceRun, EveryOptionChangesTheAdapterAndWrongOnesAreRefused) {
  value_or_throw(run({{"out", "plain"}}));
  int i = 0;
  for (Json other : {Json{{"loss", "ipo"}}, Json{{"loss", "sft"}}, Json{{"beta", 0.5}}, Json{{"loss", "robust"}, {"label_smoothing", 0.2}}, Json{{"seed", 2}},
                     Json{{"lora", {{"rank", 3}}}}, Json{{"lora", {{"alpha", 3}}}}, Json{{"lora", {{"targets", {"attn_q"}}}}}, Json{{"max_tokens", 7}},
                     Json{{"held_out", 0.0}}}) {
    other["out"] = fmt::format("other{}", i++);
    value_or_throw(run(other));
    EXPECT_NE(bytes("plain/adapter_model.safetensors"), bytes(other["out"].get<std::string>() + "/adapter_model.safetensors")) << other.dump();
  }
  for (const Json& wrong : {Json{{"loss", "simpo"}}, Json{{"beta", 0}}, Json{{"label_smoothing", 0.5}}, Json{{"lora", {{"rnak", 3}}}},
                            Json{{"data", "nowhere.jsonl"}}, Json{{"max_tokens", 3}}}) {
    Json with = wrong;
    with["out"] = "wrong";
    EXPECT_FALSE(run(with)) << wrong.dump();
  }
  value_or_throw(write_file(folder_ / "rows.jsonl", "{\"prompt\": \"a\", \"chosen\": \"yes\"}\n"));
  const auto missing = run({{"out", "wrong"}});
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().message.find("rows.jsonl:1"), std::string::npos) << missing.error().message;
}

Result<void> PreferenceRun::train_language_() const {
  std::vector<std::string> warnings;
  PTAH_TRY(const std::string text, read_text(folder_ / "text.txt"));
  return train_language({{"data", "text.txt"},
                         {"out", "base"},
                         {"steps", 3},
                         {"batch", 2},
                         {"held_out", 0.0},
                         {"dtype", "f32"},
                         {"model", {{"family", "llama"}, {"layers", 2}, {"heads", 2}, {"width", 32}, {"context", 32}}}},
                        folder_, {});
}

}  // namespace
}  // namespace ptah
