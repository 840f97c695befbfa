// Sequences to sequences: the LSTM against a plain loop, writing at once against writing token by token, BLEU against sacrebleu, and trainings that learn to
// copy.
#include "train/language/translation_trainer.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/file.h"
#include "base/philox.h"
#include "tensor/lstm.h"
#include "text/translate/bleu.h"
#include "weights/safetensors.h"

namespace ptah {
namespace {

namespace fs = std::filesystem;

class Translations : public testing::Test {
 protected:
  void SetUp() override { fs::create_directories(folder_); }
  void TearDown() override { fs::remove_all(folder_); }
  fs::path folder_ = fs::temp_directory_path() / fmt::format("ptah-translation-{}", getpid());
};

double sigmoid_of(double x) { return 1 / (1 + std::exp(-x)); }

TEST(Lstm, IsTheLoopOfItsFormulas) {
  constexpr int64_t kSteps = 4, kRows = 2, kWidth = 5;
  const Tensor sums = Tensor::normal({kSteps, kRows, 4 * kWidth}, 1, 1), weight = affine(Tensor::normal({4 * kWidth, kWidth}, 1, 2), 0.4F),
               begins = Tensor::normal({kRows, kWidth}, 1, 3);
  const std::vector<int32_t> lengths{4, 2};
  for (const bool reverse : {false, true}) {
    Tensor last;
    const auto found = lstm(sums, weight, {.state = begins, .lengths = Tensor::from({kRows}, lengths), .reverse = reverse, .last_cell = &last}).to_vector();
    for (int64_t b = 0; b < kRows; ++b) {
      std::vector<double> h(kWidth), c(kWidth, 0);
      for (int64_t e = 0; e < kWidth; ++e) h[static_cast<size_t>(e)] = begins.data<float>()[b * kWidth + e];
      for (int64_t i = 0; i < kSteps; ++i) {
        const int64_t at = reverse ? kSteps - 1 - i : i;
        std::vector<double> z(4 * kWidth);
        for (int64_t k = 0; k < 4 * kWidth; ++k) {
          z[static_cast<size_t>(k)] = sums.data<float>()[(at * kRows + b) * 4 * kWidth + k];
          for (int64_t e = 0; e < kWidth; ++e)
            z[static_cast<size_t>(k)] += static_cast<double>(weight.data<float>()[k * kWidth + e]) * h[static_cast<size_t>(e)];
        }
        if (at < lengths[static_cast<size_t>(b)])
          for (size_t e = 0; e < kWidth; ++e) {
            c[e] = sigmoid_of(z[kWidth + e]) * c[e] + sigmoid_of(z[e]) * std::tanh(z[2 * kWidth + e]);
            h[e] = sigmoid_of(z[3 * kWidth + e]) * std::tanh(c[e]);
          }
        for (int64_t e = 0; e < kWidth; ++e)
          EXPECT_NEAR(found[static_cast<size_t>((at * kRows + b) * kWidth + e)], h[static_cast<size_t>(e)], 1e-5) << "row " << b << " place " << at;
      }
      for (int64_t e = 0; e < kWidth; ++e) EXPECT_NEAR(last.data<float>()[b * kWidth + e], c[static_cast<size_t>(e)], 1e-5);
    }
  }
}

TranslationConfig small(const std::string& kind) {
  TranslationConfig c;
  c.kind = kind;
  c.width = 16;
  c.layers = 2;
  c.heads = 2;
  c.feed_forward = 32;
  c.source_vocabulary = {"a", "b", "c", "d"};
  c.target_vocabulary = {"x", "y", "z"};
  c.max_units = 12;
  return c;
}

TEST(TranslationNetworks, WriteTheSameAtOnceAndTokenByTokenAndPaddingChangesNothing) {
  for (const char* kind : {"transformer", "lstm"}) {
    Weights weights = Weights::fresh(3);
    const auto network = make_translation_network(small(kind), weights);
    const TokenRows source = token_rows({{3, 4, 5, 6, 3}, {6, 5}}), alone = token_rows({{6, 5}});
    const Tensor target = Tensor::from({2, 4}, std::vector<int32_t>{0, 3, 4, 5, 0, 5, 5, 3});
    const Tensor states = network->read(source.ids, source.lengths, DType::f32);
    const auto whole = network->write(target, states, source.lengths, DType::f32).to_vector();
    WritingState state = network->begin(states, source.lengths);
    WritingState of_one = network->begin(network->read(alone.ids, alone.lengths, DType::f32), alone.lengths);
    double changes = 0;
    for (int64_t place = 0; place < 4; ++place) {
      const Tensor tokens = Tensor::from({2, 1}, std::vector<int32_t>{target.data<int32_t>()[place], target.data<int32_t>()[4 + place]});
      const auto now = network->next(tokens, state, DType::f32).to_vector();
      const auto one = network->next(tokens.rows(1, 2), of_one, DType::f32).to_vector();
      for (size_t row = 0; row < 2; ++row)
        for (size_t e = 0; e < 16; ++e) {
          EXPECT_NEAR(now[row * 16 + e], whole[(row * 4 + static_cast<size_t>(place)) * 16 + e], 1e-4) << kind << " row " << row << " place " << place;
        }
      for (size_t e = 0; e < 16; ++e) EXPECT_NEAR(one[e], now[16 + e], 1e-4) << kind << " without padding, place " << place;
      changes += std::abs(static_cast<double>(now[0] - now[16]));
    }
    EXPECT_GT(changes, 0.01) << "other sources give other states";
  }
}

TEST(TranslationNetworks, OneBeamIsTheLikeliestTokenAndMoreFindNothingWorse) {
  for (const char* kind : {"transformer", "lstm"}) {
    Weights weights = Weights::fresh(5);
    const auto network = make_translation_network(small(kind), weights);
    const std::vector<std::vector<int32_t>> sources{{3, 4, 5}, {6}, {5, 5, 5, 5}};
    const auto likelihood = [&](const std::vector<int32_t>& source, std::vector<int32_t> answer) {
      const TokenRows row = token_rows({source});
      answer.insert(answer.begin(), kBeginToken);
      const Tensor states = network->write(token_rows({answer}).ids, network->read(row.ids, row.lengths, DType::f32), row.lengths, DType::f32);
      const Tensor likely = log_softmax(linear(states, network->output));
      double sum = 0;
      for (size_t i = 0; i < answer.size(); ++i)
        sum += static_cast<double>(likely.data<float>()[static_cast<int64_t>(i) * likely.dim(2) + (i + 1 < answer.size() ? answer[i + 1] : kEndToken)]);
      return sum;
    };
    const auto all = translated(*network, sources, 2, DType::f32, {.beams = 40, .length_penalty = 0}),
               greedy = translated(*network, sources, 2, DType::f32, {.beams = 1});
    for (size_t s = 0; s < sources.size(); ++s) {
      std::vector<int32_t> likeliest;  // of all answers that end within two places
      double most = likelihood(sources[s], {});
      for (int32_t token = 0; token < 6; ++token) {
        if (token == kEndToken || likelihood(sources[s], {token}) <= most) continue;
        likeliest = {token};
        most = likelihood(sources[s], {token});
      }
      EXPECT_EQ(all[s], likeliest) << kind;
      EXPECT_LE(greedy[s].size(), 2U);
    }
  }
}

TEST(TextUnit, AreCutAndJoined) {
  const auto words = units_of("Ein Hund, Ältere Männer (im Schnee) don't!", TextUnits::words);
  EXPECT_EQ(words, (std::vector<std::string>{"ein", "hund", ",", "ältere", "männer", "(", "im", "schnee", ")", "don't", "!"}));
  EXPECT_EQ(joined_units(words, TextUnits::words), "ein hund, ältere männer (im schnee) don't!");
  EXPECT_EQ(units_of("aß c", TextUnits::characters), (std::vector<std::string>{"a", "ß", " ", "c"}));
  EXPECT_EQ(joined_units({"a", "ß", " ", "c"}, TextUnits::characters), "aß c");
  EXPECT_EQ(units_of(" T AA1  X ", TextUnits::pieces), (std::vector<std::string>{"T", "AA1", "X"}));
  EXPECT_EQ(units_of("abc", TextUnits::characters, 2).size(), 2U);
}

TEST(BleuScore, IsSacrebleus) {  // 2.6.0: corpus_bleu(texts, [references])
  const std::vector<std::string> texts{"The cat sat on the mat.", "He doesn't like 3.5-inch disks, does he?", "A man (in a red shirt) is running - fast.",
                                       "Two dogs play.", "“Hi”, she said: it costs $5,000.00!"},
      references{"The cat sat on a mat.", "He does not like 3.5-inch disks.", "A man in a red shirt is running fast.", "Two dogs are playing in the grass.",
                 "“Hello”, she said; it cost $5,000!"};
  const Bleu found = corpus_bleu(texts, references);
  EXPECT_NEAR(found.score, 30.979311993090906, 1e-9);
  EXPECT_NEAR(found.precisions[3], 13.333333333333334, 1e-9);
  EXPECT_EQ(found.brevity_penalty, 1);
  EXPECT_NEAR(corpus_bleu({"a b c d e"}, {"a x c y e"}).score, 14.058533129758727, 1e-9) << "smoothed";
  EXPECT_EQ(corpus_bleu({"a"}, {"b"}).score, 0);
  EXPECT_EQ(tokens_13a("it costs $5,000.00!"), (std::vector<std::string>{"it", "costs", "$", "5,000.00", "!"}));
  EXPECT_LT(corpus_bleu({"the CAT sat on it ."}, {"The cat sat on it ."}).score, corpus_bleu({"the CAT sat on it ."}, {"The cat sat on it ."}, true).score);
  EXPECT_THROW(corpus_bleu({"a"}, {}), Failure);
}

TEST(TranslationScore, AnyOfSeveralTargetsIsRight) {
  TranslationConfig c = small("lstm");
  c.source_units = TextUnits::characters;
  c.target_units = TextUnits::pieces;
  const TranslationPairs pairs{{"ab", "ab", "abcd"}, {"X Y", "X Z", "X Y Z Y"}};
  const TranslationScores s = translation_scores(pairs, {"ab", "abcd"}, {"X Z", "X Y Y"}, c);
  EXPECT_EQ(s.exact, 0.5);
  EXPECT_NEAR(s.unit_error, 1.0 / 6, 1e-9) << "a sound of six is missing";
  ASSERT_EQ(s.by_length.size(), 2U);
  EXPECT_EQ(s.by_length[0], (std::pair<std::string, std::pair<int64_t, int64_t>>{"1-3", {1, 1}}));
  EXPECT_EQ(s.by_length[1].second, (std::pair<int64_t, int64_t>{0, 1}));
}

TEST_F(Translations, BothKindsLearnToCopyAndACutRunEndsInTheSameBytes) {
  std::string text;
  Random random(1);
  for (int i = 0; i < 600; ++i) {
    std::string line;
    for (uint32_t n = 1 + random.below(5); n > 0; --n) line += static_cast<char>('a' + random.below(6));
    text += line + "\t" + line + "\n";
  }
  value_or_throw(write_file(folder_ / "pairs.tsv", text));
  Json config = {{"data", "pairs.tsv"},
                 {"source_units", "characters"},
                 {"target_units", "characters"},
                 {"width", 48},
                 {"heads", 2},
                 {"layers", 1},
                 {"dropout", 0.0},
                 {"batch", 32},
                 {"learning_rate", 5e-3},
                 {"held_out", 0.1},
                 {"dtype", "f32"}};
  for (const auto& [kind, steps] : {std::pair{"transformer", 300}, {"lstm", 300}}) {
    config.update({{"kind", kind}, {"steps", steps}, {"out", kind}, {"learning_rate", kind == std::string("lstm") ? 5e-3 : 2e-3}});
    config.erase("stop_at");
    const auto done = train_translation(config, folder_, {});
    ASSERT_TRUE(done) << done.error().message;
    const Json scores = value_or_throw(parse_json(value_or_throw(read_text(folder_ / kind / "scores.json"))));
    EXPECT_GE(scores["held_out"]["exact"].get<double>(), 0.6) << kind;
    const auto translator = value_or_throw(Translator::load(folder_ / kind));
    EXPECT_EQ(translator->translate({"abcde"}), (std::vector<std::string>{"abcde"})) << kind;
    const auto looked = translator->look("abcde");
    ASSERT_EQ(looked.weights.size(), 6U) << "five letters and the end";
    for (const auto& row : looked.weights) {
      float sum = 0;
      for (const float w : row) sum += w;
      EXPECT_NEAR(sum, 1, 1e-4);
    }
    EXPECT_NE(attention_svg(looked).find("<svg"), std::string::npos);
  }
  config.update({{"kind", "lstm"}, {"steps", 6}, {"dropout", 0.2}, {"out", "whole"}});
  ASSERT_TRUE(train_translation(config, folder_, {}));
  config["out"] = "cut";
  config["stop_at"] = 3;
  ASSERT_TRUE(train_translation(config, folder_, {}));
  EXPECT_FALSE(fs::exists(folder_ / "cut" / "model.safetensors"));
  config.erase("stop_at");
  ASSERT_TRUE(train_translation(config, folder_, {}));
  EXPECT_EQ(value_or_throw(read_file(folder_ / "cut" / "model.safetensors")), value_or_throw(read_file(folder_ / "whole" / "model.safetensors")));
}

TEST_F(Translations, WhatIsWrongIsSaid) {
  const auto message = [&](Json config) { return train_translation(config, folder_, {}).error().message; };
  EXPECT_NE(message({{"kind", "gru"}}).find("lstm"), std::string::npos);
  EXPECT_NE(message({{"widht", 3}}).find("widht"), std::string::npos);
  EXPECT_NE(message({{"width", 33}}).find("width 33"), std::string::npos);
  EXPECT_NE(message({{"data", "nowhere.tsv"}}).find("nowhere.tsv"), std::string::npos);
  value_or_throw(write_file(folder_ / "pairs.tsv", std::string("a\tb\nno tab\n")));
  EXPECT_NE(message({{"data", "pairs.tsv"}}).find("pairs.tsv:2"), std::string::npos);
  value_or_throw(write_file(folder_ / "empty.tsv", std::string("a\t \n")));
  EXPECT_NE(message({{"data", "empty.tsv"}}).find("empty.tsv:1"), std::string::npos);
  EXPECT_EQ(Translator::load(folder_).error().code, ErrorCode::not_found);
  value_or_throw(write_file(folder_ / "translation.json", std::string(R"({"kind": "lstm"})")));
  EXPECT_EQ(Translator::load(folder_).error().code, ErrorCode::corrupt);
}

}  // namespace
}  // namespace ptah
