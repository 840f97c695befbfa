// `ptah object` by the network that sees both sides: which route is taken, what the receipt says, and works that are made again.
#include <gtest/gtest.h>

#include "base/sha256.h"
#include "pipelines/recipes.h"
#include "pipelines/reconstruction/two_sided_maker.h"
#include "schema/field_error.h"
#include "tests/pipelines/small_models.h"
#include "work/work_folder.h"

namespace ptah {
namespace {

namespace fs = std::filesystem;

class TwoSidedWork : public SmallModels {
 protected:
  void SetUp() override {
    SmallModels::SetUp();
    install(1);
    ::setenv("PTAH_MODELS", (folder_ / "installed").c_str(), 1);
  }
  /// A network of chance as the only model that came along; 0: none.
  void install(uint64_t seed) {
    const fs::path at = folder_ / "installed";
    fs::create_directories(at / "two_sided");
    Json models = Json::array();
    if (seed > 0) {
      const TwoSidedConfig config{.size = 32, .widths = {4, 8}, .blocks = {1, 1}, .attention_blocks = 1, .heads = 2};
      Weights fresh = Weights::fresh(3);
      const TwoSidedNetwork made(Scope(fresh), config);
      TensorFile file;
      uint64_t stream = 0;
      for (const auto& [name, tensor] : fresh.all()) file.tensors.emplace(name, affine(Tensor::normal(tensor.shape(), seed, stream++), 0.15F));
      file.metadata["two_sided"] = to_json(config).dump();
      value_or_throw(write_safetensors(at / "two_sided" / "two_sided.safetensors", file));
      models.push_back({{"name", "two-sided"},
                        {"file", "two_sided/two_sided.safetensors"},
                        {"licence", "CC0-1.0"},
                        {"summary", "chance"},
                        {"bytes", 1},
                        {"sha256", value_or_throw(sha256_of_file(at / "two_sided" / "two_sided.safetensors"))}});
    }
    value_or_throw(write_file(at / "index.json", std::string_view(Json{{"models", models}}.dump())));
  }
  Result<Work> made(const Json& changes = Json::object(), const RunOptions& options = {}) {
    Json fields = request("object");
    fields["cut_by"] = "colour";
    fields.update(changes);
    PTAH_TRY(const RecipeRequest asked, open_request(recipe_, fields));
    ModelCache models(folder_ / "installed");
    return run_recipe(recipe_, models, asked, options);
  }
  const Recipe& recipe_ = *value_or_throw(find_recipe("object"));
};

TEST_F(TwoSidedWork, IsMadeWhereTheNetworkIsInstalledAndSaysSo) {
  const auto work = made();
  ASSERT_TRUE(work) << work.error().message;
  EXPECT_EQ(work->receipt["route"], "two-sided");
  EXPECT_EQ(work->receipt["request"]["route"], "two-sided");
  EXPECT_EQ(work->receipt["models"]["two-sided"], "sha256:" + value_or_throw(sha256_of_file(folder_ / "installed" / "two_sided" / "two_sided.safetensors")));
  const Work inflated = value_or_throw(made({{"route", "inflate"}}));
  EXPECT_FALSE(inflated.receipt.contains("route"));
  EXPECT_FALSE(inflated.receipt["request"].contains("route")) << "as in works of earlier versions";
  EXPECT_NE(inflated.files.at("object.glb"), work->files.at("object.glb"));
  EXPECT_EQ(value_or_throw(made({{"route", "two-sided"}})).files, work->files);
  install(0);
  EXPECT_EQ(value_or_throw(made()).files, inflated.files) << "without the network pictures are inflated";
}

TEST_F(TwoSidedWork, IsMadeAgainByTheSameNetworkOnly) {
  const Work work = value_or_throw(made());
  value_or_throw(write_work(work, folder_ / "work"));
  const auto again = [&] {
    ModelCache models(folder_ / "installed");
    return replay_path(models, folder_ / "work", {});
  };
  EXPECT_EQ(value_or_throw(again()).work.files, work.files);
  install(2);
  EXPECT_EQ(again().error().code, ErrorCode::mismatch) << "another network";
  install(0);
  EXPECT_EQ(again().error().code, ErrorCode::mismatch) << "none";
}

TEST_F(TwoSidedWork, EachFieldChangesTheWork) {
  const Bytes usual = value_or_throw(made()).files.at("object.glb");
  for (const auto& [field, value] : std::vector<std::pair<std::string, Json>>{{"target_triangles", 900}, {"size_mm", 50}, {"height_mm", 20}})
    EXPECT_NE(value_or_throw(made({{field, value}})).files.at("object.glb"), usual) << field;
  EXPECT_FALSE(value_or_throw(made({{"solid", "slab"}})).receipt.contains("route")) << "slabs are inflated";
}

TEST_F(TwoSidedWork, WhatCannotBeIsRefusedWithItsField) {
  EXPECT_EQ(field_of(made({{"solid", "slab"}, {"route", "two-sided"}}).error()), "solid");
  EXPECT_EQ(field_of(made({{"route", "sideways"}}).error()), "route");
  EXPECT_EQ(field_of(made({{"route", "two-sided"}, {"model", "x.ckpt"}}).error()), "route");
  install(0);
  const auto none = made({{"route", "two-sided"}});
  EXPECT_EQ(none.error().code, ErrorCode::not_found);
  EXPECT_EQ(field_of(none.error()), "route");
}

TEST_F(TwoSidedWork, IsPlanned) {
  Json fields = request("object");
  fields["cut_by"] = "colour";
  const RecipeRequest asked = value_or_throw(open_request(recipe_, fields));
  ModelCache models(folder_ / "installed");
  const Plan plan = value_or_throw(plan_recipe(recipe_, models, asked));
  EXPECT_GT(plan.flops, 1'000'000);
  EXPECT_GT(plan.weight_bytes, 10'000);
  EXPECT_EQ(plan_recipe(recipe_, models, asked, plan.peak_bytes / 2).error().code, ErrorCode::over_budget);
}

}  // namespace
}  // namespace ptah
