// Meshes that are painted by a checkpoint and a ControlNet, as works: made, replayed, refused.
#include <gtest/gtest.h>

#include "media/mesh/mesh_reader.h"
#include "pipelines/recipes.h"
#include "pipelines/texturing/painted_texture.h"
#include "schema/field_error.h"
#include "work/work_folder.h"
#include "tests/pipelines/small_models.h"

namespace ptah {
namespace {

namespace fs = std::filesystem;

class PaintedTextures : public SmallModels {
 protected:
  void SetUp() override {
    SmallModels::SetUp();
    TensorFile net;
    net.tensors = model_of(golden("control"));
    value_or_throw(write_safetensors(folder_ / "depth.safetensors", net));
  }
  Json asked(const Json& changes = Json::object()) const {
    Json out{{"mesh", (folder_ / "wedge.glb").string()},
             {"material", "a castle of gingerbread"},
             {"texels", 64},
             {"model", (folder_ / "tiny").string()},
             {"control", (folder_ / "depth.safetensors").string()},
             {"views", 6},
             {"view_size", 64},
             {"steps", 1}};
    out.update(changes);
    return out;
  }
  Result<Work> made(const Json& fields) {
    PTAH_TRY(const RecipeRequest request, open_request(recipe_, fields));
    return run_recipe(recipe_, models_, request);
  }
  const Recipe& recipe_ = *value_or_throw(find_recipe("texture"));
  ModelCache models_;
};

TEST_F(PaintedTextures, AreMadeAndMadeAgain) {
  const auto work = made(asked());
  ASSERT_TRUE(work) << work.error().message;
  const MeshScene scene = value_or_throw(decode_mesh_scene(work->files.at("object.glb"), {}));
  ASSERT_EQ(scene.materials.size(), 1U);
  EXPECT_EQ(scene.materials[0].name, "a castle of gingerbread");
  ASSERT_EQ(scene.images.size(), 1U);
  const Image painted = value_or_throw(decode_image(scene.images[0].bytes));
  EXPECT_EQ(painted.width, 64);
  EXPECT_GE(work->receipt["views"], 2);
  EXPECT_EQ(work->receipt["request"]["control"], "depth.safetensors") << "a name, not a place";
  EXPECT_GE(work->receipt["models"].size(), 2U);
  const fs::path place = folder_ / "work";
  value_or_throw(write_work(*work, place));
  ModelCache others;
  const auto again = replay_path(others, place);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->work.files, work->files);
  // Another ControlNet under the same name is seen.
  TensorFile other;
  other.tensors = model_of(golden("control"));
  other.metadata["other"] = "yes";
  value_or_throw(write_safetensors(folder_ / "depth.safetensors", other));
  EXPECT_EQ(replay_path(others, place).error().code, ErrorCode::mismatch);
}

TEST_F(PaintedTextures, EveryFieldChangesThePainting) {
  const Work work = value_or_throw(made(asked()));
  for (const Json& change : {Json{{"seed", 1}}, Json{{"material", "a rusty tank"}}, Json{{"guidance", 2}}, Json{{"negative", "moss"}}, Json{{"steps", 2}},
                             Json{{"view_size", 128}}, Json{{"views", 10}}})
    EXPECT_NE(value_or_throw(made(asked(change))).files.at("object.glb"), work.files.at("object.glb")) << change.dump();
}

TEST_F(PaintedTextures, ArePlannedAndCanBeCancelled) {
  const RecipeRequest request = value_or_throw(open_request(recipe_, asked()));
  const Plan plan = value_or_throw(plan_recipe(recipe_, models_, request));
  EXPECT_GT(plan.flops, 0);
  RecipeRequest more = value_or_throw(open_request(recipe_, asked({{"views", 9}})));
  EXPECT_NEAR(static_cast<double>(value_or_throw(plan_recipe(recipe_, models_, more)).flops), 1.5 * static_cast<double>(plan.flops),
              1e-3 * static_cast<double>(plan.flops));
  EXPECT_EQ(run_recipe(recipe_, models_, request, {.budget_bytes = 1 << 20}).error().code, ErrorCode::over_budget);
  CancelToken token;
  token.cancel();
  EXPECT_EQ(run_recipe(recipe_, models_, request, {.cancel = &token}).error().code, ErrorCode::cancelled);
}

TEST_F(PaintedTextures, WhatCannotBeIsSaid) {
  Json bare = asked();
  bare.erase("control");
  const auto without = made(bare);
  ASSERT_FALSE(without);
  EXPECT_EQ(without.error().code, ErrorCode::invalid_argument) << without.error().message;
  EXPECT_NE(without.error().message.find("`control`"), std::string::npos) << without.error().message;
  Json loose = asked();
  loose.erase("model");
  EXPECT_EQ(made(loose).error().code, ErrorCode::invalid_argument) << "a ControlNet without a checkpoint";
  EXPECT_EQ(made(asked({{"views", 5}})).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(made(asked({{"view_size", 100}})).error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace ptah
