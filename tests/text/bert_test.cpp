// BERT-type encoders against transformers and tokenizers (tools/reference/bert.py).
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "base/file.h"
#include "base/parallel.h"
#include "text/encode/bert.h"
#include "models/pull.h"
#include "models/registry.h"
#include "weights/safetensors.h"
#include "tests/skip.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

const fs::path kGolden = fs::path(PTAH_SOURCE_DIR) / "tests" / "golden";

float farthest(const float* a, const float* b, int64_t count) {
  float largest = 0;
  for (int64_t i = 0; i < count; ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}

}  // namespace

TEST(Bert, StatesMatchTransformers) {
  const auto file = read_safetensors(kGolden / "bert" / "model.safetensors");
  const auto expected = read_safetensors(kGolden / "bert" / "states.safetensors");
  std::vector<std::string> warnings;
  const auto config = bert_config(*parse_json(*read_text(kGolden / "bert" / "config.json")), warnings);
  EXPECT_TRUE(warnings.empty()) << warnings.front();
  const auto tokenizer = WordPiece::parse(*read_text(kGolden / "bert" / "vocab.txt"), true);
  ASSERT_TRUE(file && expected && config && tokenizer);
  Weights weights(file->tensors);
  const Bert bert(Scope(weights), *config);
  EXPECT_TRUE(weights.unused().empty()) << weights.unused().front();
  const Json texts = *parse_json(expected->metadata.at("texts"));
  std::vector<std::vector<int32_t>> ids;
  for (const Json& text : texts) ids.push_back(tokenizer->encode(text.get<std::string>(), 24));
  const TokenBatch batch = make_token_batch(ids, 12);  // padded: what is hidden must not matter
  for (const auto& [type, tolerance] : {std::pair{DType::f32, 1e-4F}, {DType::bf16, 0.15F}}) {
    const Tensor states = cast(bert(batch, type), DType::f32);
    for (size_t i = 0; i < ids.size(); ++i) {
      const Tensor& wanted = expected->tensors.at("states" + std::to_string(i));
      ASSERT_EQ(wanted.dim(0), static_cast<int64_t>(ids[i].size())) << texts[i];
      EXPECT_LE(farthest(states.data<float>() + static_cast<int64_t>(i) * 12 * 48, wanted.data<float>(), wanted.elements()), tolerance)
          << texts[i] << ", " << name_of(type);
    }
  }
}

/// The token ids of 200 texts by `tokenizers`: accents, Chinese, Korean, emoji, control characters, over-long words.
TEST(Bert, MiniLmMatchesItsReferenceOn200Texts) {
  const auto folder = find_model("minilm");
  if (!folder) PTAH_LEFT_OUT("models", folder.error().message);
  const auto encoder = SentenceEncoder::load(*folder);
  ASSERT_TRUE(encoder) << encoder.error().message;
  const Json cases = *parse_json(*read_text(kGolden / "minilm.json"));
  const auto expected = read_safetensors(kGolden / "minilm.safetensors");
  ASSERT_TRUE(expected);
  const Tensor& vectors = expected->tensors.at("vectors");
  ASSERT_EQ(cases.size(), 200U);
  std::vector<std::string> texts;
  for (const Json& item : cases) {
    texts.push_back(item["text"].get<std::string>());
    EXPECT_EQ((*encoder)->tokenizer().encode(texts.back(), 256), item["ids"].get<std::vector<int32_t>>()) << texts.back().substr(0, 80);
  }
  const Tensor made = (*encoder)->embed(texts);
  // The model that comes along is stored in 8-bit rows; the pulled one is as published.
  const auto shipped = models_folder();
  const float tolerance = shipped && *folder == *shipped / "minilm" ? 6e-3F : 1e-4F;
  for (int64_t i = 0; i < 200; ++i)
    EXPECT_LE(farthest(made.data<float>() + i * 384, vectors.data<float>() + i * 384, 384), tolerance) << texts[static_cast<size_t>(i)].substr(0, 80);
}

TEST(Bert, ASizeThatIsNoIntegerIsRefused) {
  Json config = *parse_json(*read_text(kGolden / "bert" / "config.json"));
  std::vector<std::string> warnings;
  ASSERT_TRUE(bert_config(config, warnings));
  config["hidden_size"] = 2e122;
  EXPECT_FALSE(bert_config(config, warnings));
}

TEST(Bert, AVectorDoesNotDependOnItsCompany) {
  const auto encoder = SentenceEncoder::load(kGolden / "bert");
  ASSERT_TRUE(encoder) << encoder.error().message;
  const Tensor alone = (*encoder)->embed({"a fox"}), together = (*encoder)->embed({"the red owl runs, running!", "a fox", ""});
  EXPECT_LE(farthest(alone.data<float>(), together.data<float>() + 48, 48), 1e-6F);
  std::vector<float> first;
  for (const int count : {1, 2, 3, 8}) {
    set_threads(count);
    const std::vector<float> now = (*encoder)->embed({"the red owl runs, running!", "a fox", ""}).to_vector();
    set_threads(0);
    if (first.empty()) first = now;
    EXPECT_EQ(first, now) << count << " threads";
  }
  double squares = 0;
  for (int64_t c = 0; c < 48; ++c) squares += static_cast<double>(alone.data<float>()[c]) * static_cast<double>(alone.data<float>()[c]);
  EXPECT_NEAR(squares, 1, 1e-5);
}

TEST(Bert, BrokenFoldersAreRefusedByName) {
  const fs::path folder = fs::temp_directory_path() / fmt::format("ptah-bert-{}", ::getpid());
  const auto message_with = [&](const char* file, std::string_view text) {
    fs::remove_all(folder);
    fs::copy(kGolden / "bert", folder, fs::copy_options::recursive);
    EXPECT_TRUE(write_file(folder / file, text));
    const auto loaded = SentenceEncoder::load(folder);
    fs::remove_all(folder);
    return loaded ? std::string("loaded") : loaded.error().message;
  };
  EXPECT_NE(message_with("config.json", R"({"model_type": "gpt2"})").find("gpt2"), std::string::npos);
  EXPECT_NE(message_with("config.json", "{").find("config.json"), std::string::npos);
  EXPECT_NE(message_with("vocab.txt", "[PAD]\na\na\n").find("appears twice"), std::string::npos);
  EXPECT_NE(message_with("vocab.txt", "[PAD]\na\n").find("[UNK]"), std::string::npos);
  EXPECT_NE(message_with("model.safetensors", "x").find("model.safetensors"), std::string::npos);
}

TEST(WordPiece, SpecialNamesInTextStayText) {
  const auto tokenizer = WordPiece::parse("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[\nsep\n]\na\n", true);
  ASSERT_TRUE(tokenizer);
  EXPECT_EQ(tokenizer->encode("[SEP] a", 16), (std::vector<int32_t>{2, 4, 5, 6, 7, 3}));
  EXPECT_EQ(tokenizer->encode("a a a a a a", 4), (std::vector<int32_t>{2, 7, 7, 3}));
  EXPECT_EQ(tokenizer->encode("a\xFF\xC3 a", 8), (std::vector<int32_t>{2, 7, 7, 3}));
}

TEST(Pull, UnknownNamesAndBrokenCopiesAreSaid) {
  const fs::path folder = fs::temp_directory_path() / fmt::format("ptah-pull-{}", ::getpid());
  const auto unknown = pull_model("minilmm", folder);
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().message.find("nearest: minilm"), std::string::npos);
  EXPECT_FALSE(fs::exists(folder));
}

}  // namespace ptah
