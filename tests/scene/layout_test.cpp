// Things stand where they were asked for, on what carries them, through nothing; measured in the finished file.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "media/glb_scene.h"
#include "scene/build.h"
#include "scene/evaluate/measures.h"
#include "scene/evaluate/relations.h"
#include "scene/words/reader.h"

namespace ptah {
namespace {

const std::filesystem::path kShapes = std::filesystem::path(PTAH_SOURCE_DIR) / "shapes";

struct Made {
  SceneProgram program;
  SceneLayout layout;
  Bytes glb;
  SceneView view;
};

class SceneLayoutTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    kinds = value_or_throw(ShapeKinds::load(kShapes));
    places = std::make_unique<ScenePlaces>(value_or_throw(ScenePlaces::load(kShapes, *kinds)));
    lexicon = std::make_unique<SceneLexicon>(value_or_throw(SceneLexicon::load(kShapes, kinds, *places)));
  }
  static void TearDownTestSuite() { lexicon.reset(), places.reset(), kinds.reset(); }

  static Made make(const std::string& text, uint64_t seed = 0) { return make(value_or_throw(scene_of_words(text, *lexicon, *places, {}, seed))); }
  static Made make(SceneProgram program) {
    Made out;
    SceneModels models(kinds);
    out.layout = value_or_throw(lay_out(program, models, *places));
    out.glb = value_or_throw(encode_glb(value_or_throw(build_scene(out.layout, program, *places))));
    out.view = value_or_throw(view_scene(out.glb));
    out.program = std::move(program);
    return out;
  }
  static SceneMeasures measured(const Made& made, const Json& relations = Json::array()) {
    return measure_scene(made.view, {.text = "", .room = "", .objects = {}, .relations = relations});
  }
  static void expect_sound(const Made& made) {
    const SceneMeasures m = measured(made);
    EXPECT_EQ(m.apart.right, m.apart.of);
    EXPECT_EQ(m.inside.right, m.inside.of);
    EXPECT_EQ(m.settled.right, m.settled.of);
    EXPECT_EQ(m.clear.right, m.clear.of);
    EXPECT_GE(m.navigable, 0.95);
    for (const std::string& line : m.wrong) ADD_FAILURE() << line;
    for (const std::string& line : made.layout.notes) ADD_FAILURE() << line;
  }
  static void expect_relation(const Made& made, const Json& relation) {
    const SceneMeasures m = measured(made, Json::array({relation}));
    EXPECT_EQ(m.between_objects.right + m.to_room.right, 1) << relation.dump();
  }

  static inline std::shared_ptr<const ShapeKinds> kinds;
  static inline std::unique_ptr<ScenePlaces> places;
  static inline std::unique_ptr<SceneLexicon> lexicon;
};

TEST_F(SceneLayoutTest, ABedroom) {
  const Made made = make("a bedroom with a double bed, two bedside tables and a lamp on each");
  ASSERT_EQ(made.view.things.size(), 5U);
  expect_sound(made);
  expect_relation(made, {"on", "table_lamp", "bedside_table", 2});
  expect_relation(made, {"next_to", "bedside_table", "bed", 2});
  expect_relation(made, {"against_wall", "bed"});
}

TEST_F(SceneLayoutTest, SeatsAroundATable) {
  const Made made = make("a dining room with a table, six chairs around it and a vase on the table");
  expect_sound(made);
  expect_relation(made, {"around", "chair", "table", 6});
  expect_relation(made, {"on", "vase", "table"});
}

TEST_F(SceneLayoutTest, SidesAreThoseOfWhoLooksAtAThing) {
  const Made made = make("a room with a sofa, a floor lamp to the left of the sofa and a potted plant to the right of the sofa");
  expect_sound(made);
  expect_relation(made, {"left_of", "floor_lamp", "sofa"});
  expect_relation(made, {"right_of", "potted_plant", "sofa"});
  // A relation that does not hold is not counted.
  EXPECT_EQ(measured(made, {{"right_of", "floor_lamp", "sofa"}}).between_objects.right, 0);
}

TEST_F(SceneLayoutTest, WhatLiesIsOnItsBackAndFitsUnderABed) {
  const Made made = make("A bed, and under the bed a suitcase. A guitar lies on the floor.");
  expect_sound(made);
  expect_relation(made, {"under", "suitcase", "bed"});
  EXPECT_TRUE(made.program.find("guitar")->lying);
  const auto height = [&](const std::string& id) {
    return std::find_if(made.layout.things.begin(), made.layout.things.end(), [&](const PlacedThing& t) { return t.id == id; })->model->size[1];
  };
  EXPECT_LT(height("suitcase"), 0.3F);
  EXPECT_LT(height("guitar"), 0.5F);  // on its stand; upright it has 1.07
  EXPECT_FALSE(make("a room with a guitar").program.find("guitar")->lying);
  EXPECT_EQ(value_or_throw(scene_from_json(scene_json(made.program))), made.program);
}

TEST_F(SceneLayoutTest, BooksStandOnEveryShelf) {
  const Made made = make("twelve books on a bookshelf");
  EXPECT_TRUE(made.layout.notes.empty());
  std::set<int> heights;
  for (const PlacedThing& thing : made.layout.things)
    if (thing.id.starts_with("book ")) heights.insert(static_cast<int>(std::lround(100 * thing.pose.at[1])));
  EXPECT_GT(heights.size(), 1U);
}

TEST_F(SceneLayoutTest, EqualThingsShareTheirMesh) {
  const Made four = make("a room with four red chairs"), one = make("a room with a red chair");
  EXPECT_EQ(four.view.things.size(), 4U);
  EXPECT_LT(four.glb.size(), one.glb.size() + 4000);
}

TEST_F(SceneLayoutTest, TheSameSeedGivesTheSameBytesAnotherOneNot) {
  const std::string text = "a living room with a sofa, two armchairs, a bookshelf and three stools";
  EXPECT_EQ(make(text, 3).glb, make(text, 3).glb);
  EXPECT_NE(make(text, 3).glb, make(text, 4).glb);
}

TEST_F(SceneLayoutTest, WhatHasAPoseStays) {
  Made made = make("a room with a sofa and a bookshelf");
  SceneProgram program = made.program;
  program.room = made.layout.room;
  for (const PlacedThing& thing : made.layout.things) program.find(thing.id)->pose = thing.pose, program.find(thing.id)->on = thing.on;
  SceneObject chair{.id = "chair", .kind = "chair"};
  program.objects.push_back(chair);
  const Made again = make(program);
  ASSERT_EQ(again.layout.things.size(), 3U);
  for (const PlacedThing& thing : made.layout.things) {
    const auto same = std::find_if(again.layout.things.begin(), again.layout.things.end(), [&](const PlacedThing& t) { return t.id == thing.id; });
    EXPECT_EQ(same->pose, thing.pose) << thing.id;
  }
}

TEST_F(SceneLayoutTest, WhatHasNoRoomIsLeftOutWithANote) {
  SceneProgram program = value_or_throw(scene_of_words("a 2 by 2 metre room with a bed and two wardrobes", *lexicon, *places, {}, 0));
  SceneModels models(kinds);
  const SceneLayout layout = value_or_throw(lay_out(program, models, *places));
  EXPECT_LT(layout.things.size(), 3U);
  EXPECT_FALSE(layout.notes.empty());
}

TEST_F(SceneLayoutTest, FloorsAndWallsHaveTheTexturesThatWereSaid) {
  const SceneProgram program = value_or_throw(scene_of_words("a kitchen with a tiled floor, brick walls and a table", *lexicon, *places, {}, 0));
  SceneModels models(kinds);
  const SceneLayout layout = value_or_throw(lay_out(program, models, *places));
  const InstancedScene textured = value_or_throw(build_scene(layout, program, *places, 64)), plain = value_or_throw(build_scene(layout, program, *places));
  EXPECT_TRUE(plain.scene.images.empty());
  const auto material_of_node = [&](const std::string& name) {
    const auto found = std::find_if(textured.instances.begin(), textured.instances.end(), [&](const SceneInstance& i) { return i.path == name; });
    return textured.scene.materials.at(textured.scene.meshes.at(found->meshes.at(0)).material);
  };
  const auto floor = material_of_node("floor"), back = material_of_node("wall back"), left = material_of_node("wall left");
  EXPECT_GE(floor.base_color_texture.image, 0);
  EXPECT_GE(back.base_color_texture.image, 0);
  EXPECT_NE(floor.base_color_texture.image, back.base_color_texture.image);
  EXPECT_EQ(back.base_color_texture.image, left.base_color_texture.image);  // all walls share theirs
  EXPECT_NE(textured.scene.images.at(0).bytes, textured.scene.images.at(static_cast<size_t>(back.base_color_texture.image)).bytes);
  // The file keeps them, and what stands in the room is the same.
  const Bytes glb = value_or_throw(encode_glb(textured));
  EXPECT_EQ(value_or_throw(view_scene(glb)).things.size(), layout.things.size());
  EXPECT_EQ(glb, value_or_throw(encode_glb(value_or_throw(build_scene(layout, program, *places, 64)))));
  // Walls of which nothing was said are plain.
  const SceneProgram silent = value_or_throw(scene_of_words("a kitchen with a table", *lexicon, *places, {}, 0));
  const InstancedScene room = value_or_throw(build_scene(value_or_throw(lay_out(silent, models, *places)), silent, *places, 64));
  EXPECT_LT(room.scene.images.size(), textured.scene.images.size());
}

TEST_F(SceneLayoutTest, MeasuresSeeWhatIsWrong) {
  Made made = make("a room with a table and a chair");
  for (PlacedThing& thing : made.layout.things) thing.move_to({{0, 0, 0}, 0});  // in each other
  SceneView view = value_or_throw(view_scene(value_or_throw(encode_glb(value_or_throw(build_scene(made.layout, made.program, *places))))));
  EXPECT_EQ(measure_scene(view, {}).apart.right, 0);
  made.layout.things[0].move_to({{0, 0.3F, 0}, 0});                        // in the air
  made.layout.things[1].move_to({{made.layout.room.width / 2, 0, 0}, 0});  // through the wall
  view = value_or_throw(view_scene(value_or_throw(encode_glb(value_or_throw(build_scene(made.layout, made.program, *places))))));
  const SceneMeasures m = measure_scene(view, {});
  EXPECT_EQ(m.supported.right, 1);
  EXPECT_EQ(m.inside.right, 1);
}

TEST(ScenePose, GapsAndContactsOfTurnedThings) {
  const Footprint a{0, 0, 1, 0.5F, {}}, b{3, 0, 1, 0.5F, Turn::of(90)};
  EXPECT_NEAR(footprint_gap(a, b), 1.5F, 1e-5F);
  EXPECT_TRUE(footprints_overlap(a, {1.2F, 0, 1, 0.5F, Turn::of(45)}));
  EXPECT_FALSE(footprints_overlap(a, {2.2F, 0, 1, 0.5F, Turn::of(90)}));
  EXPECT_NEAR(footprint_gap(a, {0, 2, 0.5F, 0.5F, Turn::of(45)}), 1.5F - 0.70711F, 1e-4F);
}

}  // namespace
}  // namespace ptah
