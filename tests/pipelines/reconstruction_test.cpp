// `ptah object --model`: works by a model that reconstructs objects are made, planned, replayed and refused.
#include <gtest/gtest.h>

#include "media/mesh_files.h"
#include "pipelines/recipes.h"
#include "schema/field_error.h"
#include "tests/pipelines/small_models.h"
#include "work/work_folder.h"

namespace ptah {
namespace {

namespace fs = std::filesystem;

class Reconstructed : public SmallModels {
 protected:
  void SetUp() override {
    SmallModels::SetUp();
    fs::create_directories(folder_ / "triposr");
    for (const char* name : {"model.ckpt", "config.yaml"})
      fs::copy_file(fs::path(PTAH_SOURCE_DIR) / "tests" / "golden" / "triposr" / name, folder_ / "triposr" / name);
  }
  Json asked(const Json& changes = Json::object()) const {
    Json out{{"picture", (folder_ / "disc.png").string()},
             {"model", (folder_ / "triposr").string()},
             {"resolution", 64},
             {"target_triangles", 1000},
             {"cut_by", "colour"},
             {"formats", "png,glb,obj,stl"}};
    out.update(changes);
    return out;
  }
  Result<Work> made(const Json& fields, const RunOptions& options = {}) {
    PTAH_TRY(const RecipeRequest request, open_request(recipe_, fields));
    return run_recipe(recipe_, models_, request, options);
  }
  const Recipe& recipe_ = *value_or_throw(find_recipe("object"));
  ModelCache models_;
};

TEST_F(Reconstructed, AreMadeAndMadeAgain) {
  const auto work = made(asked());
  ASSERT_TRUE(work) << work.error().message;
  for (const char* name : {"picture.png", "object.glb", "object.obj", "object.png", "object.stl", "from.png", "receipt.json"})
    EXPECT_TRUE(work->files.contains(name)) << name;
  EXPECT_EQ(work->receipt["route"], "reconstruction");
  EXPECT_EQ(work->receipt["model_file"], "triposr");
  EXPECT_EQ(work->receipt["request"]["resolution"], 64);
  EXPECT_EQ(work->receipt["models"].size(), 2U);
  EXPECT_EQ(work->receipt["models"]["model.ckpt"], value_or_throw(file_id(folder_ / "triposr" / "model.ckpt")));
  EXPECT_EQ(value_or_throw(foreign_part_of_glb(work->files.at("object.glb"))), "");
  const fs::path place = folder_ / "work";
  value_or_throw(write_work(*work, place));
  ModelCache others;
  const auto again = replay_path(others, place, folder_);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->work.files, work->files);
  EXPECT_EQ(replay_path(others, place, folder_ / "nowhere").error().code, ErrorCode::not_found);
  std::string yaml = value_or_throw(read_text(folder_ / "triposr" / "config.yaml"));
  value_or_throw(write_file(folder_ / "triposr" / "config.yaml", std::string_view(yaml += "\n")));
  EXPECT_EQ(replay_path(others, place, folder_).error().code, ErrorCode::mismatch) << "another configuration";
}

TEST_F(Reconstructed, EachFieldChangesTheWork) {
  const Bytes usual = value_or_throw(made(asked())).files.at("object.glb");
  for (const auto& [field, value] :
       std::vector<std::pair<std::string, Json>>{{"resolution", 80}, {"target_triangles", 500}, {"size_mm", 50}, {"height_mm", 20}})
    EXPECT_NE(value_or_throw(made(asked({{field, value}}))).files.at("object.glb"), usual) << field;
  EXPECT_NE(value_or_throw(made(request("object"))).files.at("object.glb"), usual) << "inflated";
}

TEST_F(Reconstructed, ArePlannedWithoutReadingTheWeights) {
  const RecipeRequest request = value_or_throw(open_request(recipe_, asked()));
  const auto plan = plan_recipe(recipe_, models_, request);
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_GT(plan->flops, 100'000'000);
  EXPECT_GT(plan->weight_bytes, 200'000);
  EXPECT_GT(plan->tensor_bytes, 1'000'000);
  EXPECT_EQ(plan_recipe(recipe_, models_, request, plan->peak_bytes / 2).error().code, ErrorCode::over_budget);
  RunOptions small;
  small.budget_bytes = plan->peak_bytes / 2;
  EXPECT_EQ(made(asked(), small).error().code, ErrorCode::over_budget);
}

TEST_F(Reconstructed, WhatCannotBeIsRefusedWithItsField) {
  const auto refused = [&](const Json& changes) {
    const auto work = made(asked(changes));
    EXPECT_FALSE(work) << changes.dump();
    return work ? Error{} : work.error();
  };
  EXPECT_EQ(field_of(refused({{"solid", "slab"}})), "solid");
  EXPECT_EQ(field_of(refused({{"resolution", 1000}})), "resolution");
  EXPECT_EQ(refused({{"model", (folder_ / "none.ckpt").string()}}).code, ErrorCode::not_found);
  EXPECT_NE(refused({{"model", (folder_ / "tiny").string()}}).message.find("model.ckpt"), std::string::npos);
  value_or_throw(write_file(folder_ / "broken.ckpt", std::string_view("PK\x03\x04 no archive")));
  EXPECT_EQ(refused({{"model", (folder_ / "broken.ckpt").string()}}).code, ErrorCode::corrupt);
  Json lonely = asked();
  lonely.erase("model");
  EXPECT_EQ(field_of(open_request(recipe_, lonely).error()), "resolution") << "means nothing without a model";
}

TEST_F(Reconstructed, AreCancelled) {
  CancelToken stop;
  RunOptions options;
  options.cancel = &stop;
  options.progress = [&](const Progress& p) {
    if (p.fraction > 0.3) stop.cancel();
  };
  EXPECT_EQ(made(asked(), options).error().code, ErrorCode::cancelled);
}

}  // namespace
}  // namespace ptah
