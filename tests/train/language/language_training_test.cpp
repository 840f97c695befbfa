// Language models in training: losses and steps as PyTorch's, runs that are cut, threads, samples, adapters.
#include "train/language/language_trainer.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "base/parallel.h"
#include "tensor/ops.h"
#include "text/lm/adapter_files.h"
#include "text/lm/generation.h"
#include "text/lm/language_families.h"
#include "train/language/character_tokenizer.h"
#include "train/language/network.h"
#include "train/language/text_windows.h"
#include "train/language/token_loss.h"
#include "weights/safetensors.h"

namespace ptah {
namespace {

namespace fs = std::filesystem;

const fs::path kGolden = fs::path(PTAH_SOURCE_DIR) / "tests" / "golden";

double largest_difference(const Tensor& a, const Tensor& b) {
  const auto x = a.to_vector(), y = b.to_vector();
  EXPECT_EQ(x.size(), y.size());
  double out = 0;
  for (size_t i = 0; i < x.size(); ++i) out = std::max(out, std::abs(static_cast<double>(x[i]) - static_cast<double>(y[i])));
  return out;
}

TEST(TokenLoss, IsTheCrossEntropyOfAllLogitsWithItsGradients) {
  // 70,000 tokens: more than one part of rows.
  const int64_t rows = 700, vocabulary = 70000, width = 8;
  Tensor states = Tensor::normal({7, 100, width}, 1, 1), weight = Tensor::normal({vocabulary, width}, 1, 2);
  Tensor targets = Tensor::empty({7, 100}, DType::i32);
  for (int64_t i = 0; i < rows; ++i) targets.data<int32_t>()[i] = i % 5 == 0 ? -1 : static_cast<int32_t>(i * 97 % vocabulary);
  states.set_requires_grad();
  weight.set_requires_grad();
  const auto run = [&](const std::function<Tensor()>& loss_of) {
    states.clear_grad();
    weight.clear_grad();
    GradScope scope;
    const Tensor loss = affine(loss_of(), 3);  // a gradient that is not 1
    scope.backward(loss);
    return std::tuple(loss.item(), states.grad(), weight.grad());
  };
  const auto [whole, whole_states, whole_weight] = run([&] { return cross_entropy(linear(states, weight), targets); });
  const auto [parts, parts_states, parts_weight] = run([&] { return token_loss(states, weight, targets); });
  EXPECT_NEAR(whole, parts, 1e-4);
  EXPECT_LT(largest_difference(whole_states, parts_states), 1e-7);
  EXPECT_LT(largest_difference(whole_weight, parts_weight), 1e-7);
  const auto [sum, sum_states, sum_weight] = run([&] { return affine(log_likelihood(states, weight, targets), -1 / 560.0F); });
  EXPECT_NEAR(whole, sum, 1e-4);
  EXPECT_LT(largest_difference(whole_states, sum_states), 1e-7);
  EXPECT_LT(largest_difference(whole_weight, sum_weight), 1e-7);
  EXPECT_EQ(token_loss(states, weight, targets).item(), token_loss(states.detach(), weight.detach(), targets).item());
}

TEST(LanguageTraining, LossesOfTwentyStepsAreThoseOfPyTorch) {  // tools/reference/language_training.py
  const auto golden = value_or_throw(read_safetensors(kGolden / "language_training.safetensors")).tensors;
  std::vector<std::string> warnings;
  const Json json = value_or_throw(new_decoder_config({.vocabulary = 29, .layers = 2, .heads = 2, .width = 32, .context = 16}));
  const LanguageConfig config = value_or_throw(language_config(Config{json, "config"}, warnings));
  EXPECT_TRUE(warnings.empty());
  std::map<std::string, Tensor> begin, trained;
  for (const auto& [theirs, tensor] : golden) {
    if (!theirs.starts_with("weight.")) continue;
    const std::string name = gguf_name(theirs.substr(7), "gpt2");
    begin.emplace(name, is_transposed(name, "gpt2") && tensor.rank() == 2 ? permute(tensor, {1, 0}) : tensor.clone());
  }
  Weights weights(begin);
  const Decoder network(weights, config);
  for (const auto& [name, tensor] : begin)
    if (!name.ends_with(".bias")) trained.emplace(name, tensor);
  Optimizer optimizer(trained, {.learning_rate = 1e-3F, .beta2 = 0.99F, .weight_decay = 0.1F, .ema_decay = 0});
  const Schedule schedule{.steps = 20, .warmup = 5, .floor = 0.1F};
  const Tensor &starts = golden.at("starts"), &tokens = golden.at("tokens");
  for (int64_t i = 0; i < 20; ++i) {
    const int32_t* row = starts.data<int32_t>() + i * 4;
    const NextTokens batch = windows_at(tokens.span<int32_t>(), {row, row + 4}, 16);
    GradScope scope;
    const Tensor loss = language_loss(network, batch.ids, batch.targets, DType::f32);
    scope.backward(loss);
    EXPECT_NEAR(loss.item(), golden.at("losses").data<float>()[i], 2e-5) << "step " << i;
    EXPECT_NEAR(optimizer.step(schedule.at(i)), golden.at("norms").data<float>()[i], 2e-4) << "step " << i;
  }
}

TEST(LanguageTraining, DropoutOfNothingChangesNothingAndOfSomethingDependsOnItsStep) {
  for (const char* family : {"gpt2", "llama"}) {
    std::vector<std::string> warnings;
    const Json json = value_or_throw(new_decoder_config({.family = family, .vocabulary = 20, .layers = 2, .heads = 2, .width = 16, .context = 8}));
    const LanguageConfig config = value_or_throw(language_config(Config{json, "config"}, warnings));
    Weights weights(new_decoder_weights(config, 3));
    const Decoder network(weights, config);
    const Tensor ids = Tensor::from({1, 8}, std::vector<int32_t>{1, 2, 3, 4, 5, 6, 7, 8});
    const auto plain = network.states(ids).to_vector();
    EXPECT_EQ(training_states(network, ids, DType::f32).to_vector(), plain);
    // A rate so small that no number is zeroed: the pass with dropout is the pass without.
    EXPECT_LT(largest_difference(training_states(network, ids, DType::f32, {1e-9F, 1, 1}), network.states(ids)), 1e-6) << family;
    const auto some = training_states(network, ids, DType::f32, {0.3F, 1, 1}).to_vector();
    EXPECT_NE(some, plain);
    EXPECT_EQ(training_states(network, ids, DType::f32, {0.3F, 1, 1}).to_vector(), some);
    EXPECT_NE(training_states(network, ids, DType::f32, {0.3F, 1, 2}).to_vector(), some);
    EXPECT_NE(training_states(network, ids, DType::f32, {0.3F, 2, 1}).to_vector(), some);
  }
}

TEST(CharacterTokenizer, GivesBackEveryTextOfItsCharacters) {
  const std::string text = "Ein schöner Tag — 日本, 😀\n\n  tabs\tand it's 1,234";
  const auto tokenizer = value_or_throw(Tokenizer::from_json(value_or_throw(character_tokenizer(text))));
  const auto tokens = tokenizer->encode(text);
  EXPECT_EQ(tokenizer->decode(tokens), text);
  EXPECT_EQ(tokens.size(), 46U) << "a token a character";
  EXPECT_EQ(tokenizer->decode(tokenizer->encode("Tag Q")), "Tag ") << "characters that the text lacks are left out";
  EXPECT_FALSE(character_tokenizer(""));
  const auto ascii = value_or_throw(Tokenizer::from_json(value_or_throw(character_tokenizer("cab\n"))));
  EXPECT_EQ(ascii->encode("abc\n"), (std::vector<int32_t>{1, 2, 3, 0})) << "numbered in order, as nanoGPT does";
}

class LanguageRun : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(folder_);
    std::string text;
    Random random(4);
    const char* const words[] = {"the ", "cat ", "sat ", "on ", "a ", "mat.\n"};
    for (int i = 0; i < 400; ++i) text += words[random.below(6)];
    value_or_throw(write_file(folder_ / "text.txt", text));
  }
  void TearDown() override {
    set_threads(0);
    fs::remove_all(folder_);
  }
  Result<void> run(Json more, std::vector<std::string>* said = nullptr) {
    Json config = {{"data", "text.txt"},    {"batch", 3},       {"steps", 9}, {"warmup", 2}, {"log_every", 1}, {"eval_every", 4}, {"dtype", "f32"},
                   {"learning_rate", 3e-3}, {"eval_tokens", 64}};
    config.update(more);
    if (!config.contains("start_from") && !config.contains("model"))
      config["model"] = {{"family", "mistral"}, {"layers", 1}, {"heads", 2}, {"width", 32}, {"context", 16}, {"dropout", 0.1}};
    TrainCallbacks calls;
    calls.say = [said](const std::string& line) {
      if (said) said->push_back(line);
    };
    return train_language(config, folder_, calls);
  }
  Bytes bytes(const std::string& file) const { return value_or_throw(read_file(folder_ / file)); }
  std::string text(const std::string& file) const { return value_or_throw(read_text(folder_ / file)); }

  fs::path folder_ = fs::temp_directory_path() / fmt::format("ptah-language-training-{}", ::getpid());
};

TEST_F(LanguageRun, ARunThatWasCutEndsInTheSameBytesAsOneThatWasNot) {
  value_or_throw(run({{"out", "whole"}}));
  value_or_throw(run({{"out", "cut"}, {"stop_at", 5}}));
  EXPECT_NE(bytes("whole/model.safetensors"), bytes("cut/model.safetensors"));
  value_or_throw(run({{"out", "cut"}}));
  EXPECT_EQ(bytes("whole/model.safetensors"), bytes("cut/model.safetensors"));
  EXPECT_EQ(bytes("whole/checkpoint.safetensors"), bytes("cut/checkpoint.safetensors"));
  const auto rows = lines_of(text("cut/log.csv"));
  ASSERT_EQ(rows.size(), 10U);
  for (size_t i = 1; i < rows.size(); ++i) EXPECT_EQ(rows[i].substr(0, 2), fmt::format("{},", i));
  EXPECT_EQ(lines_of(text("whole/curve.csv")).size(), 5U) << "0, 4, 8 and the end";
  EXPECT_EQ(lines_of(text("cut/curve.csv")).size(), 6U) << "and where it was cut";
  EXPECT_FALSE(bytes("cut/curve.png").empty());
}

TEST_F(LanguageRun, BytesDoNotDependOnThreads) {
  for (const char* type : {"f32", "bf16"}) {
    set_threads(1);
    value_or_throw(run({{"out", std::string("one-") + type}, {"dtype", type}}));
    set_threads(3);
    value_or_throw(run({{"out", std::string("three-") + type}, {"dtype", type}}));
    EXPECT_EQ(bytes(std::string("one-") + type + "/model.safetensors"), bytes(std::string("three-") + type + "/model.safetensors")) << type;
  }
  EXPECT_NE(bytes("one-f32/model.safetensors"), bytes("one-bf16/model.safetensors"));
}

TEST_F(LanguageRun, EveryOptionChangesTheModel) {
  value_or_throw(run({{"out", "plain"}}));
  const Json others[] = {{{"seed", 2}},           {{"muon", true}},
                         {{"beta2", 0.9}},        {{"min_learning_rate", 0.0}},
                         {{"held_out", 0.3}},     {{"bias", true}, {"model", {{"width", 32}, {"heads", 2}, {"layers", 1}, {"context", 16}}}},
                         {{"weight_decay", 0.9}}, {{"context", 12}},
                         {{"save_as", "bf16"}}};
  int i = 0;
  for (Json other : others) {
    other["out"] = fmt::format("other{}", i++);
    value_or_throw(run(other));
    EXPECT_NE(bytes("plain/model.safetensors"), bytes(other["out"].get<std::string>() + "/model.safetensors")) << other.dump();
  }
  EXPECT_FALSE(run({{"out", "x"}, {"widht", 3}}));
  EXPECT_FALSE(run({{"out", "x"}, {"model", {{"family", "lama"}}}}));
  EXPECT_FALSE(run({{"out", "x"}, {"model", {{"heads", 3}}}}));
  EXPECT_FALSE(run({{"out", "x"}, {"lora", {{"rank", 2}}}})) << "there is nothing to adapt";
  EXPECT_FALSE(run({{"out", "x"}, {"data", "nowhere.txt"}}));
  const auto refused = run({{"out", "plain"}, {"seed", 5}});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("'seed'"), std::string::npos) << refused.error().message;
}

TEST_F(LanguageRun, LearnsAndItsModelWritesOn) {
  std::vector<std::string> said;
  value_or_throw(run({{"out", "made"}, {"steps", 120}, {"learning_rate", 1e-2}, {"eval_every", 40}}, &said));
  const auto rows = lines_of(text("made/curve.csv"));
  const auto held_out = [](const std::string& row) { return std::stod(row.substr(row.rfind(',') + 1)); };
  EXPECT_GT(held_out(rows[1]), 2.5);
  EXPECT_LT(held_out(rows.back()), 1.0);
  EXPECT_NE(text("made/samples.txt").find("--- step 120"), std::string::npos);
  const LoadedLanguageModel model = value_or_throw(load_language_model(folder_ / "made"));
  EXPECT_TRUE(model.warnings.empty()) << model.warnings.front();
  const auto prompt = model.tokenizer->encode("the c");
  KeyValueCache cache(model.model->config(), 200, CacheType::f32, true);
  const Generated made = generate(model, prompt, cache, {.sampling = {.temperature = 0}, .max_tokens = 100});
  EXPECT_EQ(made.tokens.size(), 100U) << "far beyond the 16 tokens of its window";
  EXPECT_EQ(made.text.substr(0, 3), "at ") << made.text;
}

TEST_F(LanguageRun, GoesOnWithAModelWholeOrByAnAdapter) {
  value_or_throw(run({{"out", "base"}, {"steps", 60}, {"learning_rate", 1e-2}}));
  value_or_throw(run({{"out", "further"}, {"start_from", (folder_ / "base").string()}, {"context", 16}, {"save_as", "f32"}, {"learning_rate", 1e-3}}));
  EXPECT_NE(bytes("further/model.safetensors"), bytes("base/model.safetensors"));
  EXPECT_EQ(bytes("further/config.json"), bytes("base/config.json"));
  const Json lora = {{"start_from", (folder_ / "base").string()}, {"context", 16}, {"lora", {{"rank", 2}}}, {"learning_rate", 1e-2}};
  Json whole = lora, cut = lora;
  whole["out"] = "adapter";
  cut.update({{"out", "adapter-cut"}, {"stop_at", 4}});
  value_or_throw(run(whole));
  value_or_throw(run(cut));
  cut.erase("stop_at");
  value_or_throw(run(cut));
  EXPECT_EQ(bytes("adapter/adapter_model.safetensors"), bytes("adapter-cut/adapter_model.safetensors"));
  LoadedLanguageModel model = value_or_throw(load_language_model(folder_ / "base"));
  const Tensor ids = Tensor::from({1, 4}, std::vector<int32_t>{1, 2, 3, 4});
  const auto before = model.model->decoder()(ids).to_vector();
  value_or_throw(apply_adapter(model, folder_ / "adapter"));
  EXPECT_NE(model.model->decoder()(ids).to_vector(), before);
  const auto config = value_or_throw(parse_json(text("adapter/adapter_config.json")));
  EXPECT_EQ(config.at("target_modules"), Json({"down_proj", "gate_proj", "k_proj", "o_proj", "q_proj", "up_proj", "v_proj"}));
  EXPECT_TRUE(value_or_throw(read_safetensors(folder_ / "adapter" / "adapter_model.safetensors"))
                  .tensors.contains("base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight"));
}

TEST_F(LanguageRun, CancellingLeavesACheckpointToGoOnFrom) {
  value_or_throw(run({{"out", "whole"}}));
  CancelToken cancel;
  TrainCallbacks calls;
  calls.cancel = &cancel;
  calls.report = [&](const std::string&, const RunReport& r) {
    if (r.step == 3) cancel.cancel();
  };
  Json config = value_or_throw(parse_json(text("whole/training.json")));
  config["out"] = "cut";
  config["log_every"] = 1;
  config["eval_every"] = 4;
  config["eval_tokens"] = 64;
  const auto cancelled = train_language(config, folder_, calls);
  ASSERT_FALSE(cancelled);
  EXPECT_EQ(cancelled.error().code, ErrorCode::cancelled);
  value_or_throw(train_language(config, folder_, {}));
  EXPECT_EQ(bytes("whole/model.safetensors"), bytes("cut/model.safetensors"));
}

TEST_F(LanguageRun, AMinuteIsAConfigThatFitsIntoIt) {
  const QuickLanguage quick{.text = folder_ / "text.txt", .out = folder_ / "quick", .seconds = 60};
  const Json config = value_or_throw(quick_language_config(quick, {}));
  EXPECT_GE(config.at("steps").get<int64_t>(), 10);
  EXPECT_EQ(value_or_throw(quick_language_config(quick, {})), config) << "the config that is there is taken";
  QuickLanguage other = quick;
  other.text = folder_ / "other.txt";
  EXPECT_FALSE(quick_language_config(other, {}));
  EXPECT_FALSE(fs::exists(folder_ / "quick" / "timing"));
}

}  // namespace
}  // namespace ptah
