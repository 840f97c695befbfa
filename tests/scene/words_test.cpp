// Sentences become programs of scenes: what there is, what it is like, where it is to each other.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/file.h"
#include "scene/words/reader.h"

namespace ptah {
namespace {

const std::filesystem::path kShapes = std::filesystem::path(PTAH_SOURCE_DIR) / "shapes";

class SceneWordsTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    kinds = value_or_throw(ShapeKinds::load(kShapes));
    places = std::make_unique<ScenePlaces>(value_or_throw(ScenePlaces::load(kShapes, *kinds)));
    lexicon = std::make_unique<SceneLexicon>(value_or_throw(SceneLexicon::load(kShapes, kinds, *places)));
  }
  static void TearDownTestSuite() { lexicon.reset(), places.reset(), kinds.reset(); }

  static SceneProgram read(const std::string& text, const NearestKind& nearest = {}) {
    return value_or_throw(scene_of_words(text, *lexicon, *places, nearest, 0));
  }
  static int64_t count(const SceneProgram& program, const std::string& kind) {
    return std::count_if(program.objects.begin(), program.objects.end(), [&](const SceneObject& o) { return o.kind == kind; });
  }
  static bool has(const SceneProgram& program, const std::string& of, const std::string& is, const std::vector<std::string>& to) {
    return std::any_of(program.relations.begin(), program.relations.end(), [&](const SceneRelation& r) { return r.of == of && r.is == is && r.to == to; });
  }

  static inline std::shared_ptr<const ShapeKinds> kinds;
  static inline std::unique_ptr<ScenePlaces> places;
  static inline std::unique_ptr<SceneLexicon> lexicon;
};

TEST_F(SceneWordsTest, OnEachGivesOneToEachOfThem) {
  const SceneProgram scene = read("a bedroom with a double bed, two bedside tables and a lamp on each");
  EXPECT_EQ(scene.room.kind, "bedroom");
  EXPECT_EQ(count(scene, "bed"), 1);
  EXPECT_EQ(count(scene, "bedside_table"), 2);
  EXPECT_EQ(count(scene, "table_lamp"), 2);
  EXPECT_TRUE(has(scene, "table_lamp 1", "on", {"bedside_table 1"}));
  EXPECT_TRUE(has(scene, "table_lamp 2", "on", {"bedside_table 2"}));
  EXPECT_TRUE(scene.left_out.empty());
}

TEST_F(SceneWordsTest, AttributesAreParametersOfTheKind) {
  const SceneProgram scene = read("a red sofa, a tall oak wardrobe and a round table");
  EXPECT_EQ(scene.find("sofa")->parameters.at("color"), "red");
  EXPECT_EQ(scene.find("wardrobe")->parameters.at("finish"), "oak");
  EXPECT_GT(scene.find("wardrobe")->parameters.at("height").get<double>(), 2);
  EXPECT_EQ(scene.find("table")->parameters.at("top"), "round");
}

TEST_F(SceneWordsTest, NumbersInWordsAndDigits) {
  EXPECT_EQ(count(read("a room with 4 chairs"), "chair"), 4);
  EXPECT_EQ(count(read("a room with twelve chairs"), "chair"), 12);
  EXPECT_EQ(count(read("a room with a pair of armchairs"), "armchair"), 2);
  EXPECT_EQ(count(read("a room with several stools"), "stool"), 3);
  EXPECT_EQ(count(read("a room with a pair of curtains"), "curtain"), 1);
}

TEST_F(SceneWordsTest, PronounsMeanWhatCanCarry) {
  const SceneProgram scene = read("A kitchen with a table and four chairs. There is a bowl on it.");
  EXPECT_TRUE(has(scene, "bowl", "on", {"table"}));
  const SceneProgram next = read("a room with a bed and a wardrobe next to it");
  EXPECT_TRUE(has(next, "wardrobe", "next_to", {"bed"}));
}

TEST_F(SceneWordsTest, TheArticleMeansWhatWasNamed) {
  const SceneProgram scene = read("A room with a desk. A laptop is on the desk. In front of the desk stands a chair.");
  EXPECT_EQ(count(scene, "desk"), 1);
  EXPECT_TRUE(has(scene, "laptop", "on", {"desk"}));
  EXPECT_TRUE(has(scene, "chair", "in_front_of", {"desk"}));
}

TEST_F(SceneWordsTest, PlacesInTheRoom) {
  const SceneProgram scene =
      read("a wardrobe against the left wall, a floor lamp in the corner, a rug in the middle of the room, a desk under the window and a clock on the wall");
  EXPECT_TRUE(has(scene, "wardrobe", "against_wall", {"left"}));
  EXPECT_TRUE(has(scene, "floor_lamp", "corner", {}));
  EXPECT_TRUE(has(scene, "rug", "middle", {}));
  EXPECT_TRUE(has(scene, "desk", "under_window", {}));
  EXPECT_TRUE(has(scene, "clock", "on_wall", {}));
}

TEST_F(SceneWordsTest, BetweenTakesTwo) {
  EXPECT_TRUE(has(read("a bedside table between the bed and the wardrobe"), "bedside_table", "between", {"bed", "wardrobe"}));
  EXPECT_TRUE(has(read("two armchairs with a coffee table between them"), "coffee_table", "between", {"armchair 1", "armchair 2"}));
}

TEST_F(SceneWordsTest, WhatIsUsualIsAssumedAndSaidToBe) {
  const SceneProgram scene = read("a living room with a sofa and a coffee table");
  const auto found = std::find_if(scene.relations.begin(), scene.relations.end(), [](const SceneRelation& r) { return r.of == "coffee_table"; });
  ASSERT_NE(found, scene.relations.end());
  EXPECT_EQ(found->is, "in_front_of");
  EXPECT_TRUE(found->assumed);
}

TEST_F(SceneWordsTest, UnknownNounsAreNamedOrTakenAsTheNearest) {
  const SceneProgram left_out = read("a room with a bed and a hologram");
  EXPECT_EQ(left_out.objects.size(), 1U);
  ASSERT_EQ(left_out.left_out.size(), 1U);
  EXPECT_NE(left_out.left_out[0].find("hologram"), std::string::npos);
  const SceneProgram nearest =
      read("a room with a bed and a davenport", [](const std::string& words) -> Result<std::string> { return words == "davenport" ? "sofa" : ""; });
  EXPECT_EQ(count(nearest, "sofa"), 1);
  ASSERT_EQ(nearest.left_out.size(), 1U);  // it is said, all the same
}

TEST_F(SceneWordsTest, WordsThatNameNothingAreRefused) {
  const auto scene = scene_of_words("xyzzy plugh", *lexicon, *places, {}, 0);
  ASSERT_FALSE(scene);
  EXPECT_EQ(scene.error().code, ErrorCode::invalid_argument);
}

TEST_F(SceneWordsTest, ARoomAloneHasWhatIsUsualThere) {
  const SceneProgram scene = read("a bedroom");
  EXPECT_EQ(count(scene, "bed"), 1);
  EXPECT_FALSE(scene.left_out.empty());  // it says so
}

TEST_F(SceneWordsTest, RoomsHaveSizesAndOpenings) {
  const SceneProgram scene = read("a 6 by 4 metre room with a table");
  EXPECT_EQ(scene.room.width, 6);
  EXPECT_EQ(scene.room.depth, 4);
  const SceneProgram dark = read("a room without windows that holds a bed");
  EXPECT_TRUE(std::all_of(dark.room.openings.begin(), dark.room.openings.end(), [](const SceneOpening& o) { return o.door; }));
  EXPECT_TRUE(read("a garden with a tree").room.outdoor);
}

TEST_F(SceneWordsTest, EditsChangeWhatTheyName) {
  SceneProgram scene = read("a living room with a sofa, a floor lamp to the right of the sofa and a rug");
  for (SceneObject& object : scene.objects) object.pose = ScenePose{}, object.on = "floor";
  const auto edit = [&](const std::string& text) { return edit_scene_by_words(scene, text, *lexicon, *places, {}); };
  ASSERT_TRUE(edit("make the sofa red"));
  EXPECT_EQ(scene.find("sofa")->parameters.at("color"), "red");
  EXPECT_TRUE(scene.find("sofa")->pose);  // it stays
  ASSERT_TRUE(edit("move the lamp to the left of the sofa"));
  EXPECT_FALSE(scene.find("floor_lamp")->pose);
  EXPECT_TRUE(has(scene, "floor_lamp", "left_of", {"sofa"}));
  EXPECT_FALSE(has(scene, "floor_lamp", "right_of", {"sofa"}));
  EXPECT_TRUE(scene.find("rug")->pose);
  ASSERT_TRUE(edit("remove the rug"));
  EXPECT_EQ(scene.find("rug"), nullptr);
  ASSERT_TRUE(edit("add a coffee table in front of the sofa"));
  EXPECT_EQ(count(scene, "coffee_table"), 1);
  EXPECT_TRUE(has(scene, "coffee_table", "in_front_of", {"sofa"}));
  EXPECT_FALSE(edit("remove the piano"));
  EXPECT_FALSE(edit("dance"));
}

TEST_F(SceneWordsTest, ProgramsAreKeptAsJson) {
  SceneProgram scene = read("a kitchen with a red table, four chairs around it and a bowl on the table");
  scene.objects[0].pose = ScenePose{{1.25F, 0, -0.5F}, 90};
  scene.objects[0].on = "floor";
  const SceneProgram again = value_or_throw(scene_from_json(scene_json(scene)));
  EXPECT_EQ(again, scene);
  Json broken = scene_json(scene);
  broken["relations"][0]["of"] = "nobody";
  EXPECT_FALSE(scene_from_json(broken));
  broken = scene_json(scene);
  broken["scene"] = 2;
  ASSERT_FALSE(scene_from_json(broken));
  EXPECT_EQ(scene_from_json(broken).error().code, ErrorCode::unsupported);
}

}  // namespace
}  // namespace ptah
