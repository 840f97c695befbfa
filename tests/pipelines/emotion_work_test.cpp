// Works that say which emotions words express: with a small classifier of random weights, and with the one that comes along.
#include "pipelines/emotion/emotion_work.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "models/registry.h"
#include "pipelines/recall/recall.h"
#include "tests/schema/round_trip.h"
#include "weights/safetensors.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

/// A BERT of one layer with random weights, an adapter of it, and as many labels as asked for.
class EmotionWork : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(folder_ / "encoder");
    std::string vocabulary = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n";
    for (const char* word : {"good", "bad", "day", "a", "thanks"}) vocabulary += std::string(word) + "\n";
    value_or_throw(write_file(folder_ / "encoder" / "vocab.txt", vocabulary));
    const Json config = {{"model_type", "bert"},     {"vocab_size", 9},         {"hidden_size", 16},    {"num_hidden_layers", 1},
                         {"num_attention_heads", 2}, {"intermediate_size", 32}, {"type_vocab_size", 2}, {"max_position_embeddings", 32},
                         {"layer_norm_eps", 1e-12},  {"hidden_act", "gelu"}};
    value_or_throw(write_file(folder_ / "encoder" / "config.json", config.dump()));
    Weights fresh = Weights::fresh(3);
    std::vector<std::string> warnings;
    Bert made(Scope(fresh), value_or_throw(bert_config(config, warnings)));
    TensorFile file;
    file.tensors = fresh.all();
    value_or_throw(write_safetensors(folder_ / "encoder" / "model.safetensors", file));
    Weights adapters = Weights::fresh(4);
    made.add_adapters({.rank = 2, .alpha = 4}, adapters);
    adapter_.tensors = adapters.all();
    write_classifier(28);
  }
  void TearDown() override { fs::remove_all(folder_); }

  void write_classifier(int emotions) {
    ClassifierLabels labels{.several = true, .encoder = "encoder", .lora = {.rank = 2, .alpha = 4}};
    for (int i = 0; i < emotions; ++i) labels.names.push_back(fmt::format("emotion{:02}", i));
    for (const char* name : {"anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise"}) labels.names.push_back(std::string("ekman/") + name);
    for (const char* name : {"ambiguous", "negative", "neutral", "positive"}) labels.names.push_back(std::string("group/") + name);
    labels.thresholds.assign(labels.names.size(), 0.5F);
    fs::create_directories(folder_ / "emotion");
    value_or_throw(write_file(folder_ / "emotion" / "classifier.json", to_json(labels).dump()));
    const auto count = static_cast<int64_t>(labels.names.size());
    adapter_.tensors.insert_or_assign("classifier.weight", Tensor::normal({count, 16}, 7, 1));
    adapter_.tensors.insert_or_assign("classifier.bias", Tensor::zeros({count}));
    value_or_throw(write_safetensors(folder_ / "emotion" / "adapter.safetensors", adapter_));
  }

  const fs::path folder_ = fs::temp_directory_path() / fmt::format("ptah-emotion-{}", ::getpid());
  TensorFile adapter_;
};

Json said(const Work& work) {
  const Bytes& file = work.files.at("emotion.json");
  return value_or_throw(parse_json({reinterpret_cast<const char*>(file.data()), file.size()}));
}

}  // namespace

TEST_F(EmotionWork, HasTheNoticeAndEveryProbability) {
  const auto reader = value_or_throw(EmotionReader::load(folder_ / "emotion"));
  const EmotionTask task{.text = "a good day\n\nthanks", .model = "emotion"};
  const Work work = value_or_throw(emotion_work(*reader, task));
  const Json made = said(work);
  EXPECT_EQ(made, work.facts);
  EXPECT_NE(made["notice"].get<std::string>().find("Article 50(3)"), std::string::npos);
  ASSERT_EQ(made["texts"].size(), 1U);
  const Json& one = made["texts"][0];
  EXPECT_EQ(one["probabilities"].size(), 28U);
  EXPECT_EQ(one["ekman"].size(), 7U);
  EXPECT_EQ(one["groups"].size(), 4U);
  size_t likely = 0;
  for (const auto& [name, probability] : one["probabilities"].items()) likely += probability.get<double>() >= 0.5;
  EXPECT_EQ(one["emotions"].size(), likely);
  for (size_t i = 1; i < likely; ++i) EXPECT_GE(one["emotions"][i - 1]["probability"], one["emotions"][i]["probability"]);
  EXPECT_EQ(work.receipt["models"].size(), 4U) << "labels, adapter, encoder and its vocabulary";
  EXPECT_EQ(value_or_throw(replay_emotion(*reader, task, work.receipt)).files, work.files);
  Json other = work.receipt;
  other["models"]["vocab.txt"] = "sha256:00";
  EXPECT_EQ(replay_emotion(*reader, task, other).error().code, ErrorCode::mismatch);
}

TEST_F(EmotionWork, LinesAreTextsOfTheirOwn) {
  const auto reader = value_or_throw(EmotionReader::load(folder_ / "emotion"));
  const Json lines = said(value_or_throw(emotion_work(*reader, {.text = "a good day\n\nthanks", .lines = true})));
  ASSERT_EQ(lines["texts"].size(), 2U);
  EXPECT_EQ(lines["texts"][1]["text"], "thanks");
  const Json alone = said(value_or_throw(emotion_work(*reader, {.text = "thanks"})));
  EXPECT_EQ(lines["texts"][1], alone["texts"][0]) << "what stands beside it changes nothing";
  EXPECT_NE(lines["texts"][0]["probabilities"], alone["texts"][0]["probabilities"]);
  EXPECT_GT(value_or_throw(plan_emotion(*reader, {.text = "a good day"})).flops, 0);
}

TEST_F(EmotionWork, WhatIsNoneIsRefused) {
  EXPECT_EQ(emotion_schema().complete({{"text", " \n "}, {"lines", true}}).error().code, ErrorCode::invalid_argument);
  std::string many;
  for (int i = 0; i < 10001; ++i) many += "a\n";
  EXPECT_EQ(emotion_schema().complete({{"text", many}, {"lines", true}}).error().code, ErrorCode::invalid_argument);
  write_classifier(27);
  EXPECT_EQ(EmotionReader::load(folder_ / "emotion").error().code, ErrorCode::mismatch);
  EXPECT_EQ(EmotionReader::load(folder_ / "encoder").error().code, ErrorCode::not_found);
  Json values = test::other_values(emotion_schema());
  const EmotionTask other = value_or_throw(emotion_schema().request(values));
  test::expect_same_by_command(emotion_schema(), other, emotion_schema().command_of(other));
}

TEST(ShippedEmotions, AreFoundInPlainSentences) {
  const auto models = models_folder();
  ASSERT_TRUE(models);
  const auto reader = EmotionReader::load(*models / "emotion");
  ASSERT_TRUE(reader) << reader.error().message;
  const std::vector<std::pair<const char*, const char*>> cases{{"Thank you so much for your help!", "gratitude"},
                                                               {"I am really sorry, it was my fault.", "remorse"},
                                                               {"I love you with all my heart.", "love"},
                                                               {"This is disgusting.", "disgust"},
                                                               {"I'm so scared of the dark.", "fear"},
                                                               {"How does this work?", "curiosity"},
                                                               {"The train leaves at noon.", "neutral"}};
  std::vector<std::string> texts;
  for (const auto& [text, emotion] : cases) texts.emplace_back(text);
  const auto readings = (*reader)->read(texts);
  for (size_t i = 0; i < cases.size(); ++i) {
    ASSERT_FALSE(readings[i].emotions.empty()) << texts[i];
    EXPECT_EQ(readings[i].emotions[0].name, cases[i].second) << texts[i];
  }
}

}  // namespace ptah
