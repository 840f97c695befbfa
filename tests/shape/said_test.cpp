// What a sentence says in the words of a kind's phrases holds, whatever the writer makes of it.
#include <gtest/gtest.h>

#include "base/file.h"
#include "shape/words/said.h"
#include "shape/words/stated.h"

namespace ptah {
namespace {

const std::filesystem::path kShapes = std::filesystem::path(PTAH_SOURCE_DIR) / "shapes";

class SaidTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    kinds = value_or_throw(ShapeKinds::load(kShapes));
    const std::string text = value_or_throw(read_text(kShapes / "captions.json", size_t{8} << 20));
    phrases = std::make_unique<ShapePhrases>(value_or_throw(ShapePhrases::read(value_or_throw(parse_json(text)), *kinds)));
  }
  static void TearDownTestSuite() { phrases.reset(), kinds.reset(); }

  /// "name=value" of all that a sentence gives a thing.
  static std::string given(const std::string& kind, const std::string& sentence, std::vector<std::pair<std::string, ShapeValue>> before = {}) {
    WrittenThing thing{.kind = kind, .given = std::move(before)};
    apply_said(thing, sentence, kinds->kinds().at(kind), *phrases);
    std::string out;
    for (const auto& [name, value] : thing.given)
      out += fmt::format("{}={} ", name, value.kind == ShapeValue::Kind::word ? value.word : fmt::format("{:g}", value.number));
    return out;
  }
  static std::string named(const std::string& sentence) { return named_kind(sentence, *kinds, *phrases).kind; }

  static inline std::shared_ptr<const ShapeKinds> kinds;
  static inline std::unique_ptr<ShapePhrases> phrases;
};

TEST_F(SaidTest, PartsAreThereOrNot) {
  EXPECT_EQ(given("chair", "a wooden chair with arms"), "arms=1 ");
  EXPECT_EQ(given("chair", "a chair with a cushion and armrests"), "arms=1 cushion=1 ");
  EXPECT_EQ(given("bench", "a backless bench"), "back=0 ");
  EXPECT_EQ(given("bench", "a bench with no back"), "back=0 ");
  EXPECT_EQ(given("sofa", "an armless sofa"), "arms=none ");
  EXPECT_EQ(given("snowman", "a snowman holding a broom"), "broom=1 ");
  EXPECT_EQ(given("table", "a table with a drawer"), "drawers=1 ");
  EXPECT_EQ(given("chair", "a chair"), "");
}

TEST_F(SaidTest, FormsHaveNamesOfTheirOwn) {
  EXPECT_EQ(given("frying_pan", "a wok"), "style=wok ");
  EXPECT_EQ(given("boat", "two canoes"), "style=canoe ");
  EXPECT_EQ(given("knife", "a bread knife"), "style=bread ");
  EXPECT_EQ(given("fridge", "a side-by-side fridge"), "doors=side_by_side ");
  EXPECT_EQ(given("bucket", "a bucket of water"), "filled=water ");
}

TEST_F(SaidTest, WordsBelongToTheNounBehindThem) {
  EXPECT_EQ(given("table", "a table with round legs"), "");            // its top is not round
  EXPECT_EQ(given("table", "a vase on a table, round and blue"), "");  // nor here
  EXPECT_EQ(given("table", "a round wooden table"), "top=round ");
}

TEST_F(SaidTest, WhatWasGuessedGivesWayToWhatWasSaid) {
  ShapeValue closed;
  closed.kind = ShapeValue::Kind::word, closed.word = "hatchback";
  EXPECT_EQ(given("car", "a red convertible", {{"style", closed}}), "style=convertible ");
}

TEST_F(SaidTest, AKindIsNamedByItsNounAlone) {
  EXPECT_EQ(named("a four-slice toaster"), "toaster");
  EXPECT_EQ(named("a bare tree in winter"), "tree");
  EXPECT_EQ(named("please make me a two-storey house with a chimney"), "house");
  EXPECT_EQ(named("a pine chest of 3 drawers"), "chest_of_drawers");
  EXPECT_EQ(named("a dog house"), "");  // no dog, and nobody knows what a dog's house is
  EXPECT_EQ(named("a piano stool"), "");
  EXPECT_EQ(named("a table tennis bat"), "");
  EXPECT_EQ(named("a jewelled scarf"), "");
}

TEST_F(SaidTest, PartsAreCountedByTheNamesThatPeopleHaveForThem) {
  const auto counted = [&](const std::string& kind, const std::string& sentence, const char* name) {
    Writing writing;
    writing.things.push_back({.kind = kind});
    (void)apply_stated(writing, stated_numbers(sentence), *kinds, phrases.get());
    for (const auto& [given, value] : writing.things[0].given)
      if (given == name) return value.number;
    return -1.0;
  };
  EXPECT_EQ(counted("cake", "a three-tier cake", "layers"), 3);
  EXPECT_EQ(counted("house", "a two-storey house", "floors"), 2);
  EXPECT_EQ(counted("fork", "a three-pronged fork", "tines"), 3);
  EXPECT_EQ(counted("sofa", "a two-seater sofa", "seats"), 2);
  EXPECT_EQ(counted("table", "a six foot table", "width"), 6 * 0.3048);
}

}  // namespace
}  // namespace ptah
