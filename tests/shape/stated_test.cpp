// Numbers that sentences state hold exactly.
#include <gtest/gtest.h>

#include "base/json.h"
#include "shape/words/stated.h"
#include "shape/words/unused_words.h"

namespace ptah {
namespace {

using Side = StatedSize::Side;

const ShapeKinds& library() {
  static const auto kinds = value_or_throw(ShapeKinds::load(std::filesystem::path(PTAH_SOURCE_DIR) / "shapes"));
  return *kinds;
}

TEST(StatedNumbers, SizesAreReadAndTakenOut) {
  const struct {
    const char* sentence;
    std::vector<std::pair<Side, double>> sizes;
    const char* rest;
  } kCases[] = {
      {"a bottle 30 cm high", {{Side::height, 0.3}}, "a bottle"},
      {"a bottle 10 cm wide and 30 cm high", {{Side::width, 0.1}, {Side::height, 0.3}}, "a bottle"},
      {"an octagonal wooden table, 90 cm wide, 40 cm high", {{Side::width, 0.9}, {Side::height, 0.4}}, "an octagonal wooden table"},
      {"a stool, height 60 cm", {{Side::height, 0.6}}, "a stool"},
      {"a stool with a height of 60 cm", {{Side::height, 0.6}}, "a stool"},
      {"a 2-metre-tall lamp", {{Side::height, 2}}, "a lamp"},
      {"a 30 cm tall green bottle", {{Side::height, 0.3}}, "a green bottle"},
      {"a table 1.2 m long, with a red cloth", {{Side::length, 1.2}}, "a table, with a red cloth"},
      {"a plate 12 inches across", {{Side::diameter, 0.3048}}, "a plate"},
      {"a giant glass bottle, two metres in height", {{Side::height, 2}}, "a giant glass bottle"},
      {"a vase half a metre tall", {{Side::height, 0.5}}, "a vase"},
      {"a chair with four legs", {}, "a chair with four legs"},
      {"a 3 m tower", {{Side::longest, 3}}, "a tower"},
      {"a six foot table", {{Side::longest, 1.8288}}, "a table"},
      {"a table 3 m from the wall", {}, "a table 3 m from the wall"},
      {"a table 0 cm high", {}, "a table 0 cm high"},
  };
  for (const auto& c : kCases) {
    const StatedNumbers found = stated_numbers(c.sentence);
    ASSERT_EQ(found.sizes.size(), c.sizes.size()) << c.sentence;
    for (size_t i = 0; i < c.sizes.size(); ++i) {
      EXPECT_EQ(found.sizes[i].side, c.sizes[i].first) << c.sentence;
      EXPECT_NEAR(found.sizes[i].metres, c.sizes[i].second, 1e-9) << c.sentence;
    }
    EXPECT_EQ(found.without_sizes, c.rest) << c.sentence;
  }
}

TEST(StatedNumbers, CountsAreRead) {
  const auto counts = [](const std::string& sentence) {
    std::string out;
    for (const StatedCount& c : stated_numbers(sentence).counts) out += fmt::format("{} {}{} ", c.count, c.noun, c.leads ? "!" : "");
    return out;
  };
  EXPECT_EQ(counts("a bookshelf with nine shelves"), "9 shelves ");
  EXPECT_EQ(counts("a five-legged stool"), "5 legged ");
  EXPECT_EQ(counts("a two-door car"), "2 door ");
  EXPECT_EQ(counts("nine chairs"), "9 chairs! ");
  EXPECT_EQ(counts("999 chairs"), "999 chairs! ");
  EXPECT_EQ(counts("a hundred oak chairs"), "100 chairs! ");
  EXPECT_EQ(counts("a chest with 4 drawers and two handles"), "4 drawers 2 handles ");
  EXPECT_EQ(counts("a table 30 cm high"), "");
}

WrittenThing applied(const std::string& kind, const std::string& sentence, std::vector<std::string>* notes = nullptr) {
  Writing writing;
  writing.things.push_back({kind, 1, {}, ""});
  const auto said = apply_stated(writing, stated_numbers(sentence), library());
  if (notes) *notes = said;
  return writing.things[0];
}

Vec3 size_made(const WrittenThing& thing) {
  Writing writing;
  writing.things.push_back(thing);
  const ShapeProgram program = program_of(writing, library(), "a thing", 0);
  static const auto kinds = value_or_throw(ShapeKinds::load(std::filesystem::path(PTAH_SOURCE_DIR) / "shapes"));
  // What is written has to be read again, too.
  const ShapeProgram again = value_or_throw(parse_shape(shape_text(program)));
  return value_or_throw(run_shape(again, {.library = ShapeKinds::library(kinds)})).bounds().size();
}

TEST(StatedNumbers, ThingsHaveTheSizesThatWereSaid) {
  EXPECT_NEAR(size_made(applied("bottle", "a bottle 30 cm high"))[1], 0.3F, 0.02F);  // and a cork
  const Vec3 table = size_made(applied("table", "a table, 90 cm wide, 40 cm high"));
  EXPECT_NEAR(table[0], 0.9F, 0.01F);
  EXPECT_NEAR(table[1], 0.4F, 0.01F);
  std::vector<std::string> notes;
  const Vec3 giant = size_made(applied("bottle", "a glass bottle, 2 m tall", &notes));
  EXPECT_NEAR(giant[1], 2, 0.02F);
  EXPECT_GT(giant[0], 0.3F);  // larger in every direction
  EXPECT_EQ(notes.size(), 1U);
  EXPECT_NEAR(size_made(applied("chair", "a chair 90 m high"))[1], 90, 1);
  EXPECT_NEAR(size_made(applied("chair", "a chair 9000 m high", &notes))[1], 0.9F, 0.1F);
  EXPECT_EQ(notes.size(), 1U);
}

TEST(StatedNumbers, PartsAndThingsAreCounted) {
  std::vector<std::string> notes;
  const auto value = [](const WrittenThing& thing, const char* name) {
    for (const auto& [key, v] : thing.given)
      if (key == name) return v.kind == ShapeValue::Kind::word ? v.word : fmt::format("{}", v.number);
    return std::string("none");
  };
  EXPECT_EQ(value(applied("bookshelf", "a bookshelf with four shelves", &notes), "shelves"), "4");
  EXPECT_TRUE(notes.empty());
  EXPECT_EQ(value(applied("bookshelf", "a bookshelf with nine shelves", &notes), "shelves"), "6");
  EXPECT_EQ(notes.size(), 1U);
  EXPECT_EQ(value(applied("stool", "a three-legged stool", &notes), "legs"), "three");
  EXPECT_TRUE(notes.empty());
  EXPECT_EQ(value(applied("stool", "a five-legged stool", &notes), "legs"), "none");
  EXPECT_EQ(notes.size(), 1U);
  EXPECT_EQ(applied("chair", "nine chairs").count, 9);
  EXPECT_EQ(applied("chair", "999 chairs", &notes).count, 9);
  EXPECT_EQ(notes.size(), 1U);
}

TEST(UnusedWords, AreThoseThatNeitherTheKindNorItsValuesSay) {
  const ShapePhrases phrases = value_or_throw(ShapePhrases::read(
      value_or_throw(parse_json(value_or_throw(read_text(std::filesystem::path(PTAH_SOURCE_DIR) / "shapes" / "captions.json")))), library()));
  ShapeValue red;
  red.kind = ShapeValue::Kind::word;
  red.word = "red";
  const Writing writing{.things = {{"chair", 1, {{"accent", red}}, ""}}};
  const auto left = [&](const char* sentence) { return words_to_explain(sentence, writing, library(), phrases); };
  EXPECT_EQ(left("A wooden chair with a red cushion"), std::vector<std::string>());  // it is of oak
  EXPECT_EQ(left("an Elegant plaid chair, elegant and blue"), (std::vector<std::string>{"elegant", "plaid", "blue"}));
  EXPECT_EQ(left("twelve chairs 50 cm high"), std::vector<std::string>());
  EXPECT_EQ(left(""), std::vector<std::string>());
}

TEST(UnusedWords, OneIsLeftOut) {
  EXPECT_EQ(without_word("a Big, red, big bigger ball", "big"), "a red, bigger ball");
  EXPECT_EQ(without_word("ball", "ball"), "");
  EXPECT_EQ(without_word("a ball", "cube"), "a ball");
}

TEST(UnusedWords, SizesAreOfTheWholeThing) {
  EXPECT_EQ(size_word("a Tiny pink bed")->scale, 0.5);
  EXPECT_EQ(size_word("a tiny pink bed")->word, "tiny");
  EXPECT_GT(size_word("a huge castle with small towers")->scale, 1);
  EXPECT_FALSE(size_word("a castle with small towers"));
  EXPECT_FALSE(size_word("a smallish castle"));
  EXPECT_FALSE(size_word(""));
}

TEST(StatedNumbers, MetalsAndWoodsHaveTheirOwnColour) {
  Writing writing;
  ShapeValue copper;
  copper.kind = ShapeValue::Kind::word;
  copper.word = "copper";
  writing.things.push_back({"kettle", 1, {{"finish", copper}}, ""});
  EXPECT_NE(shape_text(program_of(writing, library(), "a copper kettle", 0)).find("param color = natural"), std::string::npos);
}

}  // namespace
}  // namespace ptah
