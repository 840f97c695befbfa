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
  /// What a sentence makes a thing like; an object without members if it is not there.
  static Json parameters(const std::string& text, const std::string& id) {
    const SceneProgram program = read(text);
    const SceneObject* object = program.find(id);
    EXPECT_TRUE(object) << text << ": no " << id;
    return object ? object->parameters : Json::object();
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

TEST_F(SceneWordsTest, PossessivesSayWhatSidesAreOf) {
  const SceneProgram scene = read("A truck with a motorcycle to its left and a scooter on its right.");
  EXPECT_TRUE(has(scene, "motorcycle", "left_of", {"truck"}));
  EXPECT_TRUE(has(scene, "scooter", "right_of", {"truck"}));
  const SceneProgram fronted = read("a desk with an office chair in front, a bookshelf to its left, and to its right a trash bin");
  EXPECT_TRUE(has(fronted, "office_chair", "in_front_of", {"desk"}));
  EXPECT_TRUE(has(fronted, "bookshelf", "left_of", {"desk"}));
  EXPECT_TRUE(has(fronted, "trash_bin", "right_of", {"desk"}));
}

TEST_F(SceneWordsTest, VerbsSayWhereThingsAre) {
  EXPECT_TRUE(has(read("Two wardrobes flank a bed."), "wardrobe 1", "left_of", {"bed"}));
  EXPECT_TRUE(has(read("The bed is flanked by two wardrobes."), "wardrobe 2", "right_of", {"bed"}));
  EXPECT_TRUE(has(read("Six bushes surround a well."), "bush 6", "around", {"well"}));
  EXPECT_TRUE(has(read("a well encircled by six bushes"), "bush 6", "around", {"well"}));
  EXPECT_TRUE(has(read("The chest of drawers holds a globe."), "globe", "on", {"chest_of_drawers"}));
  EXPECT_TRUE(has(read("A globe is carried by a chest of drawers."), "globe", "on", {"chest_of_drawers"}));
  EXPECT_TRUE(has(read("A truck, followed by a van."), "van", "behind", {"truck"}));
  const SceneProgram separated = read("A bush separates the bench and the tree.");
  EXPECT_TRUE(has(separated, "bush", "between", {"bench", "tree"}));
  EXPECT_TRUE(has(read("A bench and a tree are separated by a bush."), "bush", "between", {"bench", "tree"}));
}

TEST_F(SceneWordsTest, VerbsThatNobodyListedDoNotStandInTheWay) {
  const SceneProgram scene = read("A penguin waddles towards a snowman. A cat snoozes under the table.");
  EXPECT_TRUE(has(scene, "penguin", "facing", {"snowman"}));
  EXPECT_TRUE(has(scene, "cat", "under", {"table"}));
}

TEST_F(SceneWordsTest, ListsShareTheVerbBehindThem) {
  const SceneProgram scene = read("A vase, a teapot and a plate with a cheese on it are standing on a table.");
  for (const char* id : {"vase", "teapot", "plate"}) EXPECT_TRUE(has(scene, id, "on", {"table"})) << id;
  EXPECT_TRUE(has(scene, "cheese", "on", {"plate"}));
  // A verb of one thing is about the last one.
  const SceneProgram one = read("There is a bed, and a wardrobe stands in the corner.");
  EXPECT_TRUE(has(one, "wardrobe", "corner", {}));
  EXPECT_FALSE(has(one, "bed", "corner", {}));
}

TEST_F(SceneWordsTest, OneAndTheOther) {
  const SceneProgram tents = read("two orange tents, a backpack next to one tent and a bear behind the other");
  EXPECT_EQ(count(tents, "tent"), 2);
  EXPECT_TRUE(has(tents, "backpack", "next_to", {"tent 2"}));
  EXPECT_TRUE(has(tents, "bear", "behind", {"tent 1"}));
  for (const char* id : {"tent 1", "tent 2"}) EXPECT_EQ(tents.find(id)->parameters.at("color"), "orange");
  const SceneProgram lions = read("Two lions guard the gate, one to the left and one to the right of it.");
  EXPECT_EQ(count(lions, "lion"), 2);
  EXPECT_TRUE(has(lions, "lion 2", "left_of", {"gate"}));
  EXPECT_TRUE(has(lions, "lion 1", "right_of", {"gate"}));
  const SceneProgram sides = read("The sofa has a floor lamp on one side and a potted plant on the other.");
  EXPECT_TRUE(has(sides, "floor_lamp", "next_to", {"sofa"}));
  EXPECT_TRUE(has(sides, "potted_plant", "next_to", {"sofa"}));
}

TEST_F(SceneWordsTest, AttributesAreSharedOut) {
  const auto coloured = [](const SceneProgram& scene, const std::string& colour) {
    return std::count_if(scene.objects.begin(), scene.objects.end(), [&](const SceneObject& o) { return o.parameters.value("color", "") == colour; });
  };
  const SceneProgram mugs = read("On the desk there are three mugs, one blue and two white.");
  EXPECT_EQ(count(mugs, "mug"), 3);
  EXPECT_EQ(coloured(mugs, "blue"), 1);
  EXPECT_EQ(coloured(mugs, "white"), 2);
  for (const char* id : {"mug 1", "mug 2", "mug 3"}) EXPECT_TRUE(has(mugs, id, "on", {"desk"})) << id;
  const SceneProgram chairs = read("five chairs, all white except for a black one in the corner");
  EXPECT_EQ(coloured(chairs, "white"), 4);
  EXPECT_EQ(coloured(chairs, "black"), 1);
  const SceneProgram tables = read("three bedside tables, two of which are red");
  EXPECT_EQ(count(tables, "bedside_table"), 3);
  EXPECT_EQ(coloured(tables, "red"), 2);
  const SceneProgram cars = read("There is a red car and a blue car; the red one is in front of the blue one.");
  EXPECT_TRUE(has(cars, "car 1", "in_front_of", {"car 2"}));
}

TEST_F(SceneWordsTest, PronounsMeanWhatTheSentenceBeforeIsAbout) {
  const SceneProgram lantern = read("A lantern stands on a barrel. It is made of brass.");
  EXPECT_EQ(lantern.find("lantern")->parameters.at("finish"), "brass");
  const SceneProgram kitchen = read("The kitchen contains a stove, a fridge and a cupboard. They stand against the wall.");
  for (const char* id : {"stove", "fridge", "cupboard"}) EXPECT_TRUE(has(kitchen, id, "against_wall", {})) << id;
  const SceneProgram table = read("There's a table. There's a vase on it, and under it sleeps a cat.");
  EXPECT_TRUE(has(table, "cat", "under", {"table"}));
  const SceneProgram fence = read("A horse and a cow stand in a meadow, with a fence behind them.");
  EXPECT_TRUE(has(fence, "fence", "behind", {"horse"}));
  EXPECT_TRUE(has(fence, "fence", "behind", {"cow"}));
}

TEST_F(SceneWordsTest, RelativeClauses) {
  const SceneProgram scene = read("The piano, which is black, stands in the corner. A vase is on the desk, which is under the window.");
  EXPECT_EQ(scene.find("piano")->parameters.at("color"), "black");
  EXPECT_TRUE(has(scene, "piano", "corner", {}));
  EXPECT_TRUE(has(scene, "desk", "under_window", {}));
  EXPECT_TRUE(has(read("a washbasin, above which a mirror is mounted"), "wall_mirror", "above", {"washbasin"}));
}

TEST_F(SceneWordsTest, WhatStandsFirstIsInverted) {
  const SceneProgram scene = read("Next to the bed, on a stool, lies a book. To the right of the bed stands a wardrobe, to the left a lamp on a crate.");
  EXPECT_TRUE(has(scene, "stool", "next_to", {"bed"}));
  EXPECT_TRUE(has(scene, "book", "on", {"stool"}));
  EXPECT_TRUE(has(scene, "wardrobe", "right_of", {"bed"}));
  EXPECT_TRUE(has(scene, "crate", "left_of", {"bed"}));
}

TEST_F(SceneWordsTest, CollectiveNounsAreWhatTheListBehindThemSays) {
  const SceneProgram scene = read("toys on the rug (a ball, a drum and a teddy bear)");
  EXPECT_EQ(scene.objects.size(), 4U);
  for (const char* id : {"ball", "drum", "teddy_bear"}) EXPECT_TRUE(has(scene, id, "on", {"rug"})) << id;
  EXPECT_TRUE(scene.left_out.empty());
}

TEST_F(SceneWordsTest, SentencesMayEndAnywhere) {
  // Each beginning of sentences of all kinds: readers look at the words that follow, and there may be none.
  for (const std::string& sentence : {std::string("a garden with a bench with two lamps on either side and a tree behind it, next to one of them"),
                                      std::string("two chairs facing each other across a table, one red and the other blue, on one side"),
                                      std::string("a desk flanked by two shelves, which stand against the wall, with a lamp on top and a cat under")})
    for (size_t end = 0; end <= sentence.size(); ++end)
      if (end == sentence.size() || sentence[end] == ' ') (void)scene_of_words(sentence.substr(0, end), *lexicon, *places, {}, 0);
}

TEST_F(SceneWordsTest, WhatIsNotThereIsNotThere) {
  const SceneProgram kitchen = read("a kitchen without a fridge or chairs");  // what is usual, less what was excluded
  EXPECT_EQ(count(kitchen, "fridge"), 0);
  EXPECT_EQ(count(kitchen, "chair"), 0);
  EXPECT_EQ(count(kitchen, "table"), 1);
  EXPECT_TRUE(std::none_of(kitchen.relations.begin(), kitchen.relations.end(), [](const SceneRelation& r) { return r.of.starts_with("chair"); }));
  const SceneProgram list = read("a room with a table, no rug and two chairs");
  EXPECT_EQ(count(list, "rug"), 0);
  EXPECT_EQ(count(list, "chair"), 2);
  EXPECT_EQ(count(read("a bedroom with a bed but no lamp"), "floor_lamp"), 0);
  EXPECT_EQ(count(read("There is no fridge in the kitchen. The table is round."), "fridge"), 0);
}

TEST_F(SceneWordsTest, RowsAreCountedAndWhatIsTooManyIsSaid) {
  EXPECT_EQ(count(read("a classroom with two rows of three desks"), "desk"), 6);
  const SceneProgram hall = read("a hall with 999999 chairs");
  EXPECT_EQ(count(hall, "chair"), 60);
  ASSERT_EQ(hall.left_out.size(), 1U);
  EXPECT_NE(hall.left_out[0].find("999999"), std::string::npos);
  const SceneProgram many = read("a restaurant with fifty tables and six chairs around each table");
  EXPECT_EQ(many.objects.size(), kMaxSceneObjects);
  EXPECT_FALSE(many.left_out.empty());
}

TEST_F(SceneWordsTest, WhatASentenceSaysOfAListIsSaidOfAllOfIt) {
  SceneProgram scene = read("a rocket, a bus and a robot side by side");
  EXPECT_TRUE(has(scene, "bus", "next_to", {"rocket"}));
  EXPECT_TRUE(has(scene, "robot", "next_to", {"bus"}));
  scene = read("Two armchairs, one green and one yellow, stand opposite each other.");
  EXPECT_TRUE(has(scene, "armchair 1", "facing", {"armchair 2"}));
  EXPECT_TRUE(has(scene, "armchair 2", "facing", {"armchair 1"}));
  EXPECT_TRUE(has(read("three cars one behind the other"), "car 3", "behind", {"car 2"}));
  EXPECT_TRUE(has(read("a car and a bus, the latter behind a house"), "bus", "behind", {"house"}));
}

TEST_F(SceneWordsTest, WhatStandsAtSomethingIsWhereThatIs) {
  EXPECT_TRUE(has(read("a table with two stools in the middle of the room"), "table", "middle", {}));
  EXPECT_TRUE(has(read("a cupboard at the back of the room"), "cupboard", "against_wall", {"back"}));
  const SceneProgram scene = read("Four chairs stand around a table, with a bowl on it.");
  EXPECT_EQ(count(scene, "bowl"), 1);
  EXPECT_TRUE(has(scene, "bowl", "on", {"table"}));
  EXPECT_TRUE(has(read("A low cupboard on which three vases stand."), "vase 3", "on", {"cupboard"}));
  EXPECT_TRUE(has(read("The penguin is right of the snowman, who is right of the hut."), "snowman", "right_of", {"hut"}));
  EXPECT_TRUE(has(read("The bench is against the wall, next to a drum."), "drum", "next_to", {"bench"}));
  EXPECT_TRUE(has(read("Four chairs around a table and a laptop in front of each chair."), "laptop 4", "on", {"table"}));
}

TEST_F(SceneWordsTest, ThingsOnThingsOnThings) {
  for (const char* text : {"a cake with a candle on it on a table", "a candle on a cake on a table"}) {
    const SceneProgram scene = read(text);
    EXPECT_TRUE(has(scene, "candle", "on", {"cake"})) << text;
    EXPECT_TRUE(has(scene, "cake", "on", {"table"})) << text;
    EXPECT_FALSE(has(scene, "candle", "on", {"table"})) << text;
  }
}

TEST_F(SceneWordsTest, EndsAndSides) {
  const SceneProgram ends = read("a bench with a mug on either end of it");
  EXPECT_EQ(count(ends, "mug"), 2);
  EXPECT_TRUE(has(ends, "mug 2", "on", {"bench"}));
  EXPECT_TRUE(has(read("a bottle on the left of the table"), "bottle", "on", {"table"}));
  EXPECT_TRUE(has(read("a tree on the left of the church"), "tree", "left_of", {"church"}));
  const SceneProgram bottles = read("There is a green bottle on the left of the table and a blue one on the right.");
  EXPECT_EQ(count(bottles, "bottle"), 2);
  EXPECT_EQ(bottles.find("bottle 2")->parameters.at("color"), "blue");
  EXPECT_EQ(count(read("One bird sits on the fence and another one on the mailbox."), "bird"), 2);
}

TEST_F(SceneWordsTest, PeopleAndAnimalsAreHimAndHer) {
  EXPECT_TRUE(has(read("The cat sleeps on the rug in front of the stove, and a bowl stands next to her."), "bowl", "next_to", {"cat"}));
  EXPECT_TRUE(has(read("a snowman in front of a house, and put a hat on him"), "hat", "on", {"snowman"}));
  EXPECT_EQ(count(read("A coffee table stands in front of them: two armchairs."), "coffee_table"), 1);
}

TEST_F(SceneWordsTest, ThingsAreAsLargeAsTheyCanBeWhereTheyAre) {
  EXPECT_LT(parameters("a trash can under a desk", "trash_bin").value("height", 0.0), 0.6);
  EXPECT_EQ(parameters("two books on a bookshelf", "bookshelf")["books"], false);
  EXPECT_LT(parameters("a cactus on a stool", "cactus").value("height", 0.0), 0.4);
  EXPECT_FALSE(parameters("a cactus beside a stool", "cactus").contains("height"));
  EXPECT_EQ(parameters("three candles on a cake", "cake")["candles"], 0);
  EXPECT_GT(parameters("twelve cupcakes on two plates", "plate 1").value("width", 0.0), 0.27);
}

TEST_F(SceneWordsTest, WhatIsSaidInShortIsReadInFull) {
  EXPECT_TRUE(has(read("a toilet stands to the washbasin's right"), "toilet", "right_of", {"washbasin"}));
  EXPECT_TRUE(has(read("The bed's head is against the wall."), "bed", "against_wall", {}));
  const SceneProgram mugs = read("A red, a green and a blue mug stand on the shelf.");
  ASSERT_EQ(count(mugs, "mug"), 3);
  EXPECT_EQ(mugs.find("mug 1")->parameters.at("color"), "red");
  EXPECT_EQ(mugs.find("mug 3")->parameters.at("color"), "blue");
  EXPECT_EQ(count(read("Kites: one red, one blue."), "kite"), 2);
  EXPECT_EQ(count(read("Neither table is large."), "table"), 2);
  EXPECT_EQ(count(read("a two metre long table"), "table"), 1);
}

TEST_F(SceneWordsTest, BetweenTwoGroupsIsBetweenOneOfEach) {
  const SceneProgram scene = read("Between the two sofas and the two armchairs stands a low wooden table.");
  EXPECT_EQ(count(scene, "sofa"), 2);
  EXPECT_EQ(count(scene, "armchair"), 2);
  EXPECT_TRUE(has(scene, "coffee_table", "between", {"sofa 1", "armchair 1"}));
  const SceneProgram two = read("The bed is in one corner and the wardrobe in the opposite one; between the two lies a rug.");
  EXPECT_TRUE(has(two, "wardrobe", "corner", {}));
  EXPECT_TRUE(has(two, "rug", "between", {"bed", "wardrobe"}));
}

TEST_F(SceneWordsTest, LengthsBeforeANounAreItsOwn) {
  EXPECT_EQ(parameters("a metre-wide table", "table").at("width"), 1);
  EXPECT_EQ(parameters("a table two metres long", "table").at("width"), 2);
  EXPECT_EQ(parameters("a 60 cm high stool", "stool").at("height"), 0.6);
}

TEST_F(SceneWordsTest, PartsOfThingsAreNotThoseOfTheRoom) {
  const SceneProgram hut = read("A hut in the forest with a fir tree next to it. Three mushrooms grow in front of its door.");
  EXPECT_TRUE(has(hut, "mushroom 1", "in_front_of", {"hut"}));
  const SceneProgram car = read("One traffic cone at each corner of the car.");
  EXPECT_EQ(count(car, "traffic_cone"), 4);
  EXPECT_TRUE(has(car, "traffic_cone 4", "next_to", {"car"}));
  const SceneProgram sides = read("a table with one chair at each of its four sides");
  EXPECT_EQ(count(sides, "chair"), 4);
  EXPECT_TRUE(has(sides, "chair 4", "around", {"table"}));
}

TEST_F(SceneWordsTest, MembersAndPronounsOfGroups) {
  const SceneProgram tables = read("Two tables. Under the left one there is a bucket.");
  EXPECT_TRUE(has(tables, "bucket", "under", {"table 2"}));
  EXPECT_TRUE(has(tables, "table 2", "left_of", {"table 1"}));
  const SceneProgram beach = read("A boat lies on the beach. A crab sits on a rock beside it.");
  EXPECT_TRUE(has(beach, "rock", "next_to", {"boat"}));
  const SceneProgram kites = read("Kites: one red, one blue. Both lie next to a wheelbarrow.");
  EXPECT_TRUE(std::any_of(kites.relations.begin(), kites.relations.end(), [](const SceneRelation& r) { return r.of == "kite 2" && r.to.size() == 1; }));
}

TEST_F(SceneWordsTest, RowsStandSideBySide) {
  const SceneProgram scene = read("Five trees are planted in a row; a mailbox stands at the end of the row.");
  EXPECT_TRUE(has(scene, "tree 2", "right_of", {"tree 1"}));
  EXPECT_TRUE(std::any_of(scene.relations.begin(), scene.relations.end(), [](const SceneRelation& r) { return r.of == "mailbox" && r.is == "next_to"; }));
  const SceneProgram queue = read("A truck, a van and a bus are queueing one behind another.");
  EXPECT_TRUE(has(queue, "van", "behind", {"truck"}));
  EXPECT_TRUE(has(queue, "bus", "behind", {"van"}));
}

TEST_F(SceneWordsTest, AnimalsInAListShareTheirPlaceAndSeatsWhatTheyLookAt) {
  const SceneProgram farm = read("The farmer keeps three pigs and two cows in front of the barn.");
  EXPECT_TRUE(has(farm, "pig 1", "in_front_of", {"barn"}));
  const SceneProgram room = read("The television hangs on the wall. A sofa and two stools look at it.");
  EXPECT_TRUE(has(room, "sofa", "facing", {"television"}));
  EXPECT_TRUE(has(read("Two chairs face each other across the table."), "chair 1", "around", {"table"}));
}

TEST_F(SceneWordsTest, CarriersAreMadeForWhatTheyCarry) {
  EXPECT_EQ(parameters("a cat under a coffee table", "coffee_table").at("shelf"), false);
  EXPECT_EQ(parameters("an owl on a street lamp", "owl").at("perch"), "none");
  EXPECT_EQ(parameters("a flower in a vase", "flower").at("pot"), false);
  EXPECT_EQ(parameters("two balls in a basket", "basket").at("handle"), "none");
  EXPECT_GT(parameters("six barrels on a cart", "cart").at("length").get<double>(), 1.6);
  EXPECT_EQ(parameters("a stone lion", "lion").count("finish"), 0U);
  EXPECT_EQ(parameters("a stone lion", "lion").at("color"), "gray");
}

TEST_F(SceneWordsTest, FloorsAndWalls) {
  EXPECT_EQ(read("a room with a wooden floor and a red sofa").room.floor, "wood");
  const SceneProgram tiles = read("a kitchen with white tiles on the floor, brick walls and a table");
  EXPECT_EQ(tiles.room.floor, "tiles white");
  EXPECT_EQ(tiles.room.walls, "brick");
  EXPECT_EQ(read("a bedroom with a bed. The walls are painted blue.").room.walls, "plaster blue");
  EXPECT_TRUE(read("a room with a red sofa on the floor").room.floor.empty());
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
  EXPECT_FALSE(edit("move the lamp to the left of the bed")) << "there is none";
  EXPECT_EQ(value_or_throw(scene_from_json(scene_json(scene))), scene);
  EXPECT_FALSE(edit("dance"));
}

TEST_F(SceneWordsTest, WhatIsAddedKeepsItsRelationsWhereNamesDiffer) {
  // the reader counts "chair 1" and "chair 2", the scene goes on with names of its own
  SceneProgram scene = read("a study with a desk");
  ASSERT_TRUE(edit_scene_by_words(scene, "add two chairs to the left of the desk", *lexicon, *places, {}));
  ASSERT_EQ(count(scene, "chair"), 2);
  int placed = 0;
  for (const SceneRelation& r : scene.relations) {
    EXPECT_NE(scene.find(r.of), nullptr) << "a relation of '" << r.of << "'";
    placed += r.is == "left_of";
  }
  EXPECT_GE(placed, 1);
  EXPECT_EQ(value_or_throw(scene_from_json(scene_json(scene))), scene);
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
