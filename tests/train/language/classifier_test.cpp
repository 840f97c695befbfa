// Classifiers of texts: their losses and scores, and a small one that is trained, cut and used.
#include "train/language/classifier_trainer.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "base/parallel.h"
#include "models/registry.h"
#include "tensor/ops.h"
#include "text/encode/classifier.h"
#include "train/language/labelled_texts.h"
#include "weights/safetensors.h"

namespace ptah {
namespace {

namespace fs = std::filesystem;

TEST(BinaryCrossEntropy, IsPyTorchsAlsoWhereItWouldOverflow) {
  // torch.nn.functional.binary_cross_entropy_with_logits of these, and its gradient
  Tensor logits = Tensor::from({2, 2}, {1.5F, -2.0F, 100.0F, -100.0F});
  const Tensor targets = Tensor::from({2, 2}, {1, 1, 0, 0});
  logits.set_requires_grad();
  GradScope scope;
  const Tensor loss = binary_cross_entropy(logits, targets);
  EXPECT_NEAR(loss.item(), (0.2014133 + 2.1269280 + 100.0 + 0.0) / 4, 1e-5);
  scope.backward(loss);
  const auto found = logits.grad().to_vector();
  const double wanted[] = {-0.1824255 / 4, -0.8807971 / 4, 1.0 / 4, 0};
  for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(found[i], wanted[i], 1e-6);
}

TEST(LabelScores, AreThoseOfScikitLearn) {
  // sklearn.metrics.f1_score(truth, found, average="macro" and "micro", zero_division=0) of three labels, the last of which is never found
  const std::vector<uint8_t> truth = {1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 0}, found = {1, 0, 0, 0, 1, 0, 1, 1, 0, 0, 0, 0};
  const LabelScores scores = label_scores(truth, found, 3);
  EXPECT_NEAR(scores.f1[0], 0.5, 1e-12);
  EXPECT_NEAR(scores.f1[1], 1.0, 1e-12);
  EXPECT_NEAR(scores.f1[2], 0.0, 1e-12);
  EXPECT_NEAR(scores.macro_f1, 0.5, 1e-12);
  EXPECT_NEAR(scores.micro_f1, 2 * 3.0 / (2 * 3 + 1 + 2), 1e-12);
  EXPECT_NEAR(scores.accuracy, 0.5, 1e-12);
}

/// A BERT of two layers with a vocabulary of a few words, random weights.
class ClassifierRun : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(folder_ / "encoder");
    std::string vocabulary = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n";
    for (const char* word : {"good", "bad", "very", "not", "film", "book", "a", "the", "fine", "poor"}) vocabulary += std::string(word) + "\n";
    value_or_throw(write_file(folder_ / "encoder" / "vocab.txt", vocabulary));
    const Json config = {{"model_type", "bert"},     {"vocab_size", 14},        {"hidden_size", 16},    {"num_hidden_layers", 2},
                         {"num_attention_heads", 2}, {"intermediate_size", 32}, {"type_vocab_size", 2}, {"max_position_embeddings", 32},
                         {"layer_norm_eps", 1e-12},  {"hidden_act", "gelu"}};
    value_or_throw(write_file(folder_ / "encoder" / "config.json", config.dump()));
    Weights fresh = Weights::fresh(3);
    std::vector<std::string> warnings;
    const Bert made(Scope(fresh), value_or_throw(bert_config(config, warnings)));
    TensorFile file;
    file.tensors = fresh.all();
    file.tensors.emplace("pooler.dense.weight", Tensor::zeros({16, 16}));  // which has no part in it
    value_or_throw(write_safetensors(folder_ / "encoder" / "model.safetensors", file));
    std::string rows = "text,label\n";
    for (const char* frame : {"a {} film", "the {} book", "very {}", "{}", "a very {} book", "the film a {}", "{} the {}", "not a {}"})
      for (const auto& [word, label] : {std::pair("good", "praise"), std::pair("fine", "praise"), std::pair("bad", "blame"), std::pair("poor", "blame")}) {
        std::string text = frame;
        replace_all(text, "{}", word);
        rows += fmt::format("\"{}\",{}\n", text, label);
      }
    value_or_throw(write_file(folder_ / "rows.csv", rows));
  }
  void TearDown() override {
    set_threads(0);
    fs::remove_all(folder_);
  }
  Result<void> run(Json more) const {
    Json config = {{"data", "rows.csv"}, {"encoder", (folder_ / "encoder").string()},
                   {"steps", 12},        {"batch", 8},
                   {"dtype", "f32"},     {"learning_rate", 5e-3},
                   {"held_out", 0.2},    {"warmup", 2}};
    config.update(more);
    return train_classifier(config, folder_, {});
  }
  Bytes bytes(const std::string& file) const { return value_or_throw(read_file(folder_ / file)); }
  fs::path folder_ = fs::temp_directory_path() / fmt::format("ptah-classifier-training-{}", ::getpid());
};

TEST_F(ClassifierRun, ARunThatWasCutEndsInTheSameBytesOnAnyNumberOfThreads) {
  set_threads(1);
  value_or_throw(run({{"out", "whole"}}));
  set_threads(3);
  value_or_throw(run({{"out", "cut"}, {"stop_at", 5}}));
  EXPECT_NE(bytes("whole/model.safetensors"), bytes("cut/model.safetensors"));
  value_or_throw(run({{"out", "cut"}}));
  EXPECT_EQ(bytes("whole/model.safetensors"), bytes("cut/model.safetensors"));
}

TEST_F(ClassifierRun, LearnsToTellLabelsApartAndIsUsed) {
  value_or_throw(run({{"out", "made"}, {"steps", 250}, {"held_out", "rows.csv"}}));
  const auto classifier = value_or_throw(TextClassifier::load(folder_ / "made"));
  EXPECT_EQ(classifier->labels().names, (std::vector<std::string>{"blame", "praise"}));
  EXPECT_FALSE(classifier->labels().several);
  const Tensor found = classifier->probabilities({"a fine book", "the bad film", "very very good"});
  EXPECT_GT(found.data<float>()[1], 0.8F);
  EXPECT_GT(found.data<float>()[2], 0.8F);
  EXPECT_GT(found.data<float>()[5], 0.8F);
  const Tensor alone = classifier->probabilities({"the bad film"});
  EXPECT_EQ(alone.data<float>()[0], found.data<float>()[2]) << "texts beside it change nothing";
  const Json scores = value_or_throw(parse_json(value_or_throw(read_text(folder_ / "made" / "scores.json"))));
  EXPECT_GT(scores.at("held_out").at("macro_f1").get<double>(), 0.8);
  EXPECT_TRUE(SentenceEncoder::load(folder_ / "made")) << "it still is an encoder";
  EXPECT_EQ(TextClassifier::load(folder_ / "encoder").error().code, ErrorCode::not_found);
}

TEST_F(ClassifierRun, SeveralLabelsHaveAProbabilityEachAndAThreshold) {
  std::string rows = "labels,text\n";
  for (const char* first : {"good", "bad"})
    for (const char* second : {"film", "book"})
      for (const char* frame : {"a {} {}", "the very {} {}", "{} {}", "not a {} {}"}) {
        std::string text = frame;
        text.replace(text.find("{}"), 2, first);
        text.replace(text.find("{}"), 2, second);
        rows += fmt::format("{}|{},{}\n", first, second, text);
      }
  value_or_throw(write_file(folder_ / "rows.csv", rows));
  value_or_throw(run({{"out", "made"}, {"steps", 120}, {"held_out", "rows.csv"}, {"test", "rows.csv"}}));
  const auto classifier = value_or_throw(TextClassifier::load(folder_ / "made"));
  EXPECT_TRUE(classifier->labels().several);
  EXPECT_TRUE(classifier->labels().thresholds.empty());
  const Tensor found = classifier->probabilities({"very good book"});
  const auto given = labels_of(found.span<float>(), classifier->labels());
  std::set<std::string> names;
  for (const size_t label : given) names.insert(classifier->labels().names[label]);
  EXPECT_EQ(names, (std::set<std::string>{"book", "good"}));
  const Json scores = value_or_throw(parse_json(value_or_throw(read_text(folder_ / "made" / "scores.json"))));
  EXPECT_TRUE(scores.contains("test"));
}

TEST_F(ClassifierRun, EveryOptionChangesTheClassifierAndWrongOnesAreRefused) {
  value_or_throw(run({{"out", "plain"}}));
  int i = 0;
  for (Json other : {Json{{"seed", 3}}, Json{{"dropout", 0.5}}, Json{{"max_tokens", 4}}, Json{{"held_out", 0.4}}, Json{{"several", true}}, Json{{"batch", 4}},
                     Json{{"learning_rate", 1e-3}}}) {
    other["out"] = fmt::format("other{}", i++);
    value_or_throw(run(other));
    EXPECT_NE(bytes("plain/model.safetensors"), bytes(other["out"].get<std::string>() + "/model.safetensors")) << other.dump();
  }
  for (const Json& wrong : {Json{{"dropuot", 1}}, Json{{"dropout", 1}}, Json{{"data", "nowhere.csv"}}, Json{{"held_out", 2}}, Json{{"several", 3}},
                            Json{{"batch", 500}}, Json{{"encoder", "nowhere"}}}) {
    Json with = wrong;
    with["out"] = "wrong";
    EXPECT_FALSE(run(with)) << wrong.dump();
  }
  const auto other = run({{"out", "plain"}, {"seed", 4}});
  ASSERT_FALSE(other);
  EXPECT_NE(other.error().message.find("'seed'"), std::string::npos);
}

TEST_F(ClassifierRun, AnAdapterOfTheEncoderIsAllThatIsWritten) {
  TensorFile encoder = value_or_throw(read_safetensors(folder_ / "encoder" / "model.safetensors"));
  Tensor& words = encoder.tensors.at("embeddings.word_embeddings.weight");
  words = affine(words, 50);  // they stay as they are: as large as the places, so that words are told apart at all
  value_or_throw(write_safetensors(folder_ / "encoder" / "model.safetensors", encoder));
  value_or_throw(run({{"out", "made"}, {"steps", 250}, {"held_out", "rows.csv"}, {"lora", {{"rank", 3}}}, {"learning_rate", 1e-2}, {"calibrate", true}}));
  EXPECT_FALSE(fs::exists(folder_ / "made" / "model.safetensors"));
  const TensorFile file = value_or_throw(read_safetensors(folder_ / "made" / "adapter.safetensors"));
  EXPECT_EQ(file.tensors.size(), 2U * 4 * 2 + 2) << "two matrices for each of four layers twice, and the last layer";
  EXPECT_EQ(file.tensors.at("encoder.layer.1.qkv.lora_b").shape(), Shape({48, 3}));
  const auto classifier = value_or_throw(TextClassifier::load(folder_ / "made", folder_ / "encoder"));
  EXPECT_EQ(classifier->labels().lora.rank, 3);
  EXPECT_EQ(classifier->labels().lora.alpha, 6);
  EXPECT_NE(classifier->labels().temperature, 1);
  const Tensor found = classifier->probabilities({"a fine book", "the bad film"});
  EXPECT_GT(found.data<float>()[1], 0.8F);
  EXPECT_GT(found.data<float>()[2], 0.8F);
  EXPECT_EQ(TextClassifier::load(folder_ / "made").error().code, ErrorCode::invalid_argument) << "its encoder lies elsewhere";
  TensorFile without = file;
  without.tensors.erase("encoder.layer.1.up.lora_a");
  value_or_throw(write_safetensors(folder_ / "made" / "adapter.safetensors", without));
  EXPECT_EQ(TextClassifier::load(folder_ / "made", folder_ / "encoder").error().code, ErrorCode::mismatch);
  EXPECT_EQ(run({{"out", "none"}, {"lora", {{"rank", 0}}}}).error().code, ErrorCode::invalid_argument);
}

TEST(ClassifierLabelsTest, EachLabelMayHaveItsOwnThreshold) {
  ClassifierLabels labels{.names = {"a", "b", "c"}, .several = true, .threshold = 0.5F};
  const std::vector<float> found{0.45F, 0.6F, 0.9F};
  EXPECT_EQ(labels_of(found, labels), (std::vector<size_t>{2, 1}));
  labels.thresholds = {0.4F, 0.7F, 0.2F};
  EXPECT_EQ(labels_of(found, labels), (std::vector<size_t>{2, 0}));
  const ClassifierLabels back = value_or_throw(classifier_labels(to_json(labels)));
  EXPECT_EQ(back.thresholds, labels.thresholds);
  Json wrong = to_json(labels);
  wrong["thresholds"].erase(0);
  EXPECT_EQ(classifier_labels(wrong).error().code, ErrorCode::corrupt);
  wrong = to_json(labels);
  wrong["temperature"] = 0;
  EXPECT_EQ(classifier_labels(wrong).error().code, ErrorCode::corrupt);
}

}  // namespace
}  // namespace ptah
