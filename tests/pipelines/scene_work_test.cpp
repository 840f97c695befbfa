// Works of scenes: made, planned, cancelled, replayed byte for byte.
#include <gtest/gtest.h>

#include "pipelines/recipes.h"
#include "pipelines/scene/scene_work.h"

namespace ptah {
namespace {

std::shared_ptr<const SceneLibrary> library() {
  static const auto loaded = value_or_throw(SceneLibrary::load(std::filesystem::path(PTAH_SOURCE_DIR) / "models"));
  return loaded;
}

SceneTaskRequest small(const std::string& prompt) { return {.prompt = prompt, .size = 96}; }

TEST(SceneWork, MakesFilesAndIsReplayed) {
  SceneTaskRequest task = small("a room with a sofa, a red rug and a floor lamp to the right of the sofa");
  task.edits = {"make the sofa blue", "move the lamp to the left of the sofa"};
  const Work work = value_or_throw(scene_work(*library(), task));
  for (const char* name : {"scene.glb", "scene.json", "picture.png"}) EXPECT_TRUE(work.files.contains(name)) << name;
  const Work again = value_or_throw(replay_scene(*library(), work.receipt));
  EXPECT_EQ(again.files, work.files);
  EXPECT_EQ(value_or_throw(scene_work(*library(), task)).files, work.files);
}

TEST(SceneWork, EditsLeaveTheRestWhereItIs) {
  const SceneTaskRequest task = small("a room with a bed, a wardrobe and a desk");
  SceneTaskRequest edited = task;
  edited.edits = {"make the bed red", "remove the desk"};
  const ReadyScene before = value_or_throw(ready_scene(*library(), task)), after = value_or_throw(ready_scene(*library(), edited));
  EXPECT_EQ(after.program.objects.size(), before.program.objects.size() - 1);
  for (const SceneObject& object : after.program.objects) EXPECT_EQ(object.pose, before.program.find(object.id)->pose) << object.id;
  EXPECT_EQ(after.program.find("bed")->parameters.at("color"), "red");
}

TEST(SceneWork, AProgramGivesTheSameSceneAgain) {
  const ReadyScene made = value_or_throw(ready_scene(*library(), small("a kitchen with a table and four chairs")));
  const SceneTaskRequest task{.program = scene_json(made.program).dump(), .size = 96};
  const ReadyScene again = value_or_throw(ready_scene(*library(), task));
  EXPECT_EQ(scene_json(again.program), scene_json(made.program));
}

TEST(SceneWork, AnUnknownNounIsNotWhatOnlyBelongsToIt) {
  EXPECT_EQ(value_or_throw(library()->nearest("royal crown")), "crown");
  EXPECT_NE(value_or_throw(library()->nearest("king")), "crown");  // "king's crown" is near it
}

TEST(SceneWork, NotesWhatIsNotThere) {
  std::vector<std::string> notes;
  value_or_throw(
      scene_work(*library(), small("a room with a bed and a quantum chromodynamics lecture"), {}, [&](const std::string& note) { notes.push_back(note); }));
  EXPECT_FALSE(notes.empty());
}

TEST(SceneWork, RefusesWhatItCannotMake) {
  EXPECT_FALSE(scene_schema().complete(Json::object()));
  EXPECT_FALSE(open_request(*value_or_throw(find_recipe("scene")), Json::object()));
  EXPECT_FALSE(scene_schema().complete({{"prompt", "a bed"}, {"program", "{\"scene\": 1}"}}));
  EXPECT_FALSE(scene_schema().complete({{"program", "{\"scene\": 7}"}}));
  CancelToken cancel;
  cancel.cancel();
  const auto work = scene_work(*library(), small("a bed"), {}, {}, &cancel);
  ASSERT_FALSE(work);
  EXPECT_EQ(work.error().code, ErrorCode::cancelled);
}

TEST(SceneWork, IsARecipe) {
  const Recipe* recipe = value_or_throw(find_recipe("scene"));
  ModelCache models(std::filesystem::path(PTAH_SOURCE_DIR) / "models");
  const RecipeRequest request = value_or_throw(open_request(*recipe, {{"prompt", "a desk with a lamp on it"}, {"size", 96}}));
  EXPECT_GT(value_or_throw(plan_recipe(*recipe, models, request)).peak_bytes, 0);
  const Work work = value_or_throw(run_recipe(*recipe, models, request));
  EXPECT_EQ(text_at(work.receipt, "kind"), kSceneKind);
  EXPECT_EQ(work_name(*recipe, request.fields), "a-desk-with-a-lamp-on-it-0");
}

}  // namespace
}  // namespace ptah
