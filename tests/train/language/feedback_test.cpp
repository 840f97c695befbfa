// Learning from one's own feedback: rows and their digests, the sign test, and an adapter that is kept only if it is better.
#include "train/language/learner.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include "base/file.h"
#include "base/sha256.h"
#include "train/language/language_trainer.h"

namespace ptah {
namespace {

namespace fs = std::filesystem;

class Feedback : public testing::Test {
 protected:
  void SetUp() override { fs::create_directories(folder_); }
  void TearDown() override { fs::remove_all(folder_); }
  fs::path written(const std::string& name, const std::string& text) const {
    value_or_throw(write_file(folder_ / name, text));
    return folder_ / name;
  }
  fs::path folder_ = fs::temp_directory_path() / fmt::format("ptah-feedback-{}", ::getpid());
};

TEST(SignTest, IsTheTailOfTheBinomialDistribution) {
  EXPECT_NEAR(sign_test(5, 0), 1.0 / 32, 1e-12);
  EXPECT_NEAR(sign_test(8, 2), 56.0 / 1024, 1e-12);
  EXPECT_NEAR(sign_test(0, 4), 1, 1e-12);
  EXPECT_NEAR(sign_test(0, 0), 1, 1e-12);
  EXPECT_LT(sign_test(70, 30), 1e-4);
}

TEST_F(Feedback, RowsAreReadOnceAndWhatIsNoRowIsSaid) {
  const auto rows = value_or_throw(read_feedback(written(
      "rows.jsonl",
      "{\"prompt\": \"a\", \"chosen\": \"b\", \"rejected\": \"c\", \"model\": \"x\"}\n\n"
      "{\"rejected\": \"c\", \"chosen\": \"b\", \"prompt\": \"a\"}\n"
      "{\"prompt\": [{\"role\": \"user\", \"content\": \"hi\"}], \"completion\": [{\"role\": \"assistant\", \"content\": \"ho\"}], \"label\": false}\n")));
  ASSERT_EQ(rows.size(), 2U) << "the same row twice";
  EXPECT_TRUE(rows[0].is_pair());
  EXPECT_FALSE(rows[0].row.contains("model"));
  EXPECT_FALSE(rows[1].is_pair());
  for (const auto& [text, what] : {std::pair{"{\"prompt\": \"a\"}", "completion"},
                                   {"{\"prompt\": \"a\", \"chosen\": \"b\"}", "rejected"},
                                   {"{\"prompt\": 3, \"chosen\": \"b\", \"rejected\": \"c\"}", "prompt"},
                                   {"{\"prompt\": \"a\", \"completion\": \"b\", \"label\": 1}", "label"},
                                   {"{\"prompt\": [], \"completion\": \"b\", \"label\": true}", "prompt"},
                                   {"[1", ""},
                                   {"not json", ":1"},
                                   {"", "no feedback"}})
    EXPECT_NE(read_feedback(written("wrong.jsonl", text)).error().message.find(what), std::string::npos) << text;
}

TEST_F(Feedback, ThumbsOfOpenWebUiAreRead) {
  const std::string message = R"("history": {"messages": {"1": {"role": "user", "content": "Hello", "parentId": null},
      "2": {"role": "assistant", "content": "Hi!", "parentId": "1"}}})";
  const std::string one = R"({"data": {"rating": RATING}, "meta": {"message_id": "2"}, "snapshot": {"chat": {"chat": {)" + message + "}}}}";
  const auto with = [&](const std::string& rating) {
    std::string text = one;
    return text.replace(text.find("RATING"), 6, rating);
  };
  const auto rows = value_or_throw(read_feedback(written("export.json", "[" + with("1") + "," + with("0") + "," + with("\"-1\"") + "]")));
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].row["prompt"], Json::parse(R"([{"role": "user", "content": "Hello"}])"));
  EXPECT_EQ(rows[0].row["completion"][0]["content"], "Hi!");
  EXPECT_EQ(rows[0].row["label"], true);
  EXPECT_EQ(rows[1].row["label"], false);
}

TEST_F(Feedback, TheMerkleRootIsThatOfTheRows) {
  std::string text;
  for (int i = 0; i < 3; ++i) text += Json{{"prompt", std::to_string(i)}, {"chosen", "a"}, {"rejected", "b"}}.dump() + "\n";
  const auto rows = value_or_throw(read_feedback(written("rows.jsonl", text)));
  const auto leaf = [&](size_t i) { return sha256(as_bytes(std::string(1, '\0') + rows[i].digest)); };
  const auto node = [](const Digest& a, const Digest& b) { return sha256(as_bytes("\1" + std::string(a.begin(), a.end()) + std::string(b.begin(), b.end()))); };
  EXPECT_EQ(merkle_root(rows), hex(node(node(leaf(0), leaf(1)), leaf(2))));
  EXPECT_EQ(merkle_root({rows[1]}), hex(leaf(1)));
  EXPECT_NE(merkle_root({rows[0], rows[1]}), merkle_root({rows[1], rows[0]}));
}

class Learning : public Feedback {
 protected:
  void SetUp() override {
    Feedback::SetUp();
    const fs::path prose = fs::path(PTAH_SOURCE_DIR) / "models" / "learning" / "everyday.txt";
    value_or_throw(train_language({{"data", prose.string()},
                                   {"out", "base"},
                                   {"model", {{"family", "llama"}, {"layers", 1}, {"heads", 2}, {"width", 32}, {"context", 64}}},
                                   {"steps", 60},
                                   {"batch", 8},
                                   {"learning_rate", 1e-2},
                                   {"dtype", "f32"},
                                   {"eval_tokens", 64}},
                                  folder_, {}));
  }
  /// Questions whose answers "yes" were preferred to "no"; of `turned` ones the other way round.
  LearnRequest request(int rows, int turned, float rate) {
    std::string text;
    for (int i = 0; i < rows; ++i) {
      const bool other = i < turned;
      text += Json{{"prompt", fmt::format("Question {}? ", i * 37 % 101)}, {"chosen", other ? "no" : "yes"}, {"rejected", other ? "yes" : "no"}}.dump() + "\n";
    }
    written("feedback.jsonl", text);
    LearnRequest out;
    out.feedback = folder_ / "feedback.jsonl";
    out.model = (folder_ / "base").string();
    out.out = folder_ / "adapter";
    out.scratch = folder_ / fmt::format("training-{}-{}-{}", rows, turned, rate);
    out.epochs = 2;
    out.rank = 4;
    out.learning_rate = rate;
    out.seed = 3;
    return out;
  }
};

TEST_F(Learning, WhatIsBetterIsKeptAndTheSameRowsGiveTheSameBytes) {
  const LearnRequest asked = request(80, 0, 1e-3F);
  const auto learnt = learn_from_feedback(asked, {});
  ASSERT_TRUE(learnt) << learnt.error().message;
  EXPECT_TRUE(learnt->accepted) << learnt->reason;
  EXPECT_LT(learnt->measured["p"].get<double>(), 0.05);
  EXPECT_LE(learnt->measured["perplexity"].get<double>(), 1.01 * learnt->measured["perplexity_before"].get<double>());
  const Json& receipt = learnt->work.receipt;
  EXPECT_EQ(receipt["kind"], kAdapterKind);
  EXPECT_EQ(receipt["feedback"]["merkle_root"], merkle_root(value_or_throw(read_feedback(asked.feedback))));
  EXPECT_EQ(receipt.dump().find("Question"), std::string::npos) << "nothing of the words is in the receipt";
  const auto again = replay_adapter(receipt, asked.feedback, folder_ / "again", {});
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->files.at("adapter_model.safetensors"), learnt->work.files.at("adapter_model.safetensors"));
  // A row was withdrawn: the adapter is another one, and the receipt does not fit.
  request(79, 0, 1e-3F);
  EXPECT_EQ(replay_adapter(receipt, asked.feedback, folder_ / "third", {}).error().code, ErrorCode::mismatch);
  // The adapter is there now, and one that has learnt less does not take its place.
  for (const auto& [name, bytes] : learnt->work.files) {
    fs::create_directories(asked.out);
    value_or_throw(write_file(asked.out / name, std::span<const uint8_t>(bytes)));
  }
  const auto less = learn_from_feedback(request(80, 0, 2e-4F), {});
  ASSERT_TRUE(less) << less.error().message;
  EXPECT_FALSE(less->accepted);
  EXPECT_NE(less->reason.find("old adapter"), std::string::npos) << less->reason;
}

TEST_F(Learning, WhatMayBeChanceOrCostsTooMuchIsNotKept) {
  const auto chance = learn_from_feedback(request(80, 40, 1e-3F), {});
  ASSERT_TRUE(chance) << chance.error().message;
  EXPECT_FALSE(chance->accepted);
  EXPECT_NE(chance->reason.find("chance"), std::string::npos) << chance->reason;
  const auto dear = learn_from_feedback(request(80, 0, 0.1F), {});
  ASSERT_TRUE(dear) << dear.error().message;
  EXPECT_FALSE(dear->accepted);
  EXPECT_NE(dear->reason.find("perplexity"), std::string::npos) << dear->reason;
  EXPECT_EQ(learn_from_feedback(request(6, 0, 1e-3F), {}).error().code, ErrorCode::invalid_argument) << "nothing can be shown with so few";
}

}  // namespace
}  // namespace ptah
