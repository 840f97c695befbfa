// Between sentences and programs: the library, the tokens of a writing and their grammar.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "base/file.h"
#include "base/philox.h"
#include "shape/material.h"
#include "shape/words/captions.h"

namespace ptah {
namespace {

std::shared_ptr<const ShapeKinds> kinds() {
  static const auto loaded = value_or_throw(ShapeKinds::load(std::filesystem::path(PTAH_SOURCE_DIR) / "shapes"));
  return loaded;
}

/// A random walk along what is allowed.
std::vector<int32_t> walk(const ShapeTokens& tokens, uint64_t seed) {
  Random random(seed);
  std::vector<int32_t> ids;
  while (ids.empty() || ids.back() != tokens.end()) {
    const auto allowed = tokens.allowed(ids);
    std::vector<int32_t> possible;
    for (int32_t i = 0; i < tokens.size(); ++i)
      if (allowed[static_cast<size_t>(i)]) possible.push_back(i);
    EXPECT_FALSE(possible.empty());
    ids.push_back(possible[random.below(static_cast<uint32_t>(possible.size()))]);
    if (ids.size() > kMaxWrittenTokens) break;
  }
  return ids;
}

TEST(ShapeWords, WhatIsAllowedIsAlwaysAWriting) {
  const ShapeTokens tokens(kinds());
  for (uint64_t seed = 0; seed < 300; ++seed) {
    const auto ids = walk(tokens, seed);
    ASSERT_LE(ids.size(), kMaxWrittenTokens);
    const auto writing = tokens.decode(ids);
    ASSERT_TRUE(writing) << writing.error().message;
    EXPECT_EQ(value_or_throw(tokens.encode(*writing)), ids);
  }
}

TEST(ShapeWords, WhatIsWrittenCanBeMade) {
  const ShapeTokens tokens(kinds());
  ShapeOptions options;
  options.library = ShapeKinds::library(kinds());
  for (uint64_t seed = 0; seed < 60; ++seed) {
    const Writing writing = value_or_throw(tokens.decode(walk(tokens, 1000 + seed)));
    const ShapeProgram program = program_of(writing, *kinds(), "something", seed);
    ASSERT_EQ(value_or_throw(parse_shape(shape_text(program))), program);
    const auto made = run_shape(program, options);
    EXPECT_TRUE(made) << made.error().message << "\n" << shape_text(program);
  }
}

TEST(ShapeWords, TheSeedVariesWhatNothingWasSaidOf) {
  Writing writing;
  writing.things.push_back({"chair", 1, {}, ""});
  EXPECT_TRUE(program_of(writing, *kinds(), "", 0).statements[0].args.empty()) << "seed 0 is the usual one";
  EXPECT_EQ(program_of(writing, *kinds(), "", 5), program_of(writing, *kinds(), "", 5));
  int different = 0;
  for (uint64_t seed = 1; seed <= 10; ++seed) different += !(program_of(writing, *kinds(), "", seed) == program_of(writing, *kinds(), "", seed + 1));
  EXPECT_GE(different, 8);
}

TEST(ShapeWords, CaptionsNameOnlyMaterialsThatTheFileNames) {
  // The language may have more materials than a writer was taught.
  const Json json = parse_json(value_or_throw(read_text(std::filesystem::path(PTAH_SOURCE_DIR) / "shapes" / "captions.json", size_t{8} << 20))).value();
  const ShapePhrases phrases = value_or_throw(ShapePhrases::read(json, *kinds()));
  for (const std::string& word : material_words()) EXPECT_TRUE(phrases.materials().contains(word)) << word;
  Json fewer = json;
  fewer.at("materials").erase("terrazzo");
  EXPECT_FALSE(value_or_throw(ShapePhrases::read(fewer, *kinds())).materials().contains("terrazzo"));
  fewer.at("materials").at("oak").at("before") = Json::array();
  EXPECT_FALSE(ShapePhrases::read(fewer, *kinds())) << "a material without words";
  std::set<std::string> named;
  for (uint64_t i = 0; i < 20000; ++i) {
    Random random(7, i);
    for (const auto& thing : random_caption(*kinds(), phrases, random).writing.things)
      for (const auto& [name, value] : thing.given) {
        if (name == "finish") {
          EXPECT_TRUE(json.at("materials").contains(value.word)) << value.word;
          EXPECT_FALSE(thing.kind == "hat" && value.word == "straw") << "a straw hat is a style";
          named.insert(value.word);
        }
      }
  }
  EXPECT_EQ(named.size(), material_words().size() - 1) << "all but plain";
}

TEST(ShapeWords, SeveralThingsAreInThePlural) {
  const Json json = parse_json(value_or_throw(read_text(std::filesystem::path(PTAH_SOURCE_DIR) / "shapes" / "captions.json", size_t{8} << 20))).value();
  const ShapePhrases phrases = value_or_throw(ShapePhrases::read(json, *kinds()));
  std::string all;
  for (uint64_t i = 0; i < 60000; ++i) {
    Random random(11, i);
    const Caption caption = random_caption(*kinds(), phrases, random);
    const auto& things = caption.writing.things;
    if (std::any_of(things.begin(), things.end(), [](const WrittenThing& thing) { return thing.count > 1; })) all += caption.text + "\n";
  }
  for (const char* wrong : {"drawerses", "loaf of breads", "knifes", " mans", "womans", "sheeps", "headphoneses"})
    EXPECT_EQ(all.find(wrong), std::string::npos) << wrong;
  for (const char* right : {"chests of drawers", "loaves", "knives", "boxes", "buses"}) EXPECT_NE(all.find(right), std::string::npos) << right;
}

TEST(ShapeWords, RefusalsAreNeverTheNounOfAKind) {
  const Json json = parse_json(value_or_throw(read_text(std::filesystem::path(PTAH_SOURCE_DIR) / "shapes" / "captions.json", size_t{8} << 20))).value();
  const ShapePhrases phrases = value_or_throw(ShapePhrases::read(json, *kinds()));
  EXPECT_TRUE(phrases.is_noun("rubber duck"));
  std::set<std::string> said;
  for (uint64_t i = 0; i < 40000; ++i) {
    Random random(13, i);
    const std::string text = random_refusal("a duck", phrases, random);
    EXPECT_EQ(text.find("rubber duck"), std::string::npos) << text;
    said.insert(text);
    EXPECT_EQ(random_refusal("somebody who hunts for gold", phrases, random), "somebody who hunts for gold");
  }
  for (const char* text : {"a duck", "a red duck", "an oak duck", "give me a duck"}) EXPECT_TRUE(said.contains(text)) << text;
}

TEST(ShapeWords, ModelsOfOtherLibrariesAreRefused) {
  const ShapeTokens tokens(kinds());
  auto list = tokens.tokens();
  EXPECT_TRUE(ShapeTokens::of(kinds(), list));
  list.emplace_back("kind:no_such_kind");
  const auto other = ShapeTokens::of(kinds(), list);
  ASSERT_FALSE(other);
  EXPECT_NE(other.error().message.find("kind:no_such_kind"), std::string::npos);
  EXPECT_TRUE(value_or_throw(tokens.decode({tokens.end()})).things.empty()) << "none of the kinds";
  EXPECT_FALSE(tokens.decode({5, 5, 5}));
  EXPECT_FALSE(tokens.decode({-1}));
}

/// "with red tiebacks" means that the curtains are drawn back: what a caption names is there to be seen.
TEST(ShapeCaptions, WhatIsNamedShows) {
  const Json json = value_or_throw(parse_json(value_or_throw(read_text(std::filesystem::path(PTAH_SOURCE_DIR) / "shapes/captions.json", size_t{8} << 20))));
  const ShapePhrases phrases = value_or_throw(ShapePhrases::read(json, *kinds()));
  const ShapeTokens tokens(kinds());
  int checked = 0;
  for (uint64_t seed = 0; seed < 4000; ++seed) {
    Random random(seed);
    const Caption caption = random_caption(*kinds(), phrases, random);
    ASSERT_TRUE(tokens.encode(caption.writing)) << caption.text;
    for (const WrittenThing& thing : caption.writing.things) {
      const ShapeKind& kind = *value_or_throw(kinds()->find(thing.kind));
      std::map<std::string, ShapeValue> values;
      for (const ShapeParameter& p : kind.parameters) values[p.name] = p.value;
      for (const auto& [name, value] : thing.given) values[name] = value;
      for (const auto& [name, value] : thing.given) {
        const Json needs = json.at("kinds").at(thing.kind).at("parameters").value(name, Json::object()).value("needs", Json::object());
        for (const auto& [other, possible] : needs.items()) {
          const ShapeValue& now = values.at(other);
          const std::string word = now.kind == ShapeValue::Kind::boolean ? (now.number != 0 ? "true" : "false")
                                   : now.kind == ShapeValue::Kind::word  ? now.word
                                   : now.number > 0                      ? "above 0"
                                                                         : "0";
          EXPECT_NE(std::find(possible.begin(), possible.end(), word), possible.end())
              << caption.text << ": " << thing.kind << "." << name << " needs " << other;
          ++checked;
        }
      }
    }
  }
  EXPECT_GT(checked, 300);
}

}  // namespace
}  // namespace ptah
