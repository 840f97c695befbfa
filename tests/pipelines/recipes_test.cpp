// The table of recipes: every kind of work is planned, made, and made again from its receipt.
#include "pipelines/recipes.h"

#include <gtest/gtest.h>

#include <set>

#include "base/budget.h"
#include "pipelines/painting.h"
#include "pipelines/recipes/rows.h"
#include "work/comparison.h"
#include "work/work_folder.h"
#include "tests/pipelines/small_models.h"

namespace ptah {
namespace {

namespace fs = std::filesystem;

class Recipes : public SmallModels {
 protected:
  RecipeRequest opened(const Recipe& recipe) {
    const Json fields = value_or_throw(read_fields(recipe, request(recipe.name())));
    return value_or_throw(open_request(recipe, fields));
  }
  ModelCache models_;
};

TEST(RecipeTable, NamesAreTheirOwnAndTheNearestIsSaid) {
  std::set<std::string> names;
  std::set<std::string_view> kinds;
  for (const Recipe& recipe : recipes()) {
    EXPECT_TRUE(names.insert(recipe.name()).second) << recipe.name();
    EXPECT_FALSE(recipe.purpose().empty());
    for (const std::string_view kind : recipe.kinds) EXPECT_TRUE(kinds.insert(kind).second) << kind;
    EXPECT_EQ(value_or_throw(find_recipe(recipe.name()))->name(), recipe.name());
  }
  EXPECT_EQ(names, (std::set<std::string>{"create", "object", "paint", "generate", "upscale", "shape", "render", "convert", "texture", "scene", "field", "say",
                                          "face", "talk", "photo", "contract", "emotion"}));
  const auto wrong = find_recipe("crate");
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().message.find("create"), std::string::npos) << wrong.error().message;
  EXPECT_EQ(recipe_of({{"kind", "statue"}}).error().code, ErrorCode::unsupported);
}

TEST_F(Recipes, EveryKindIsMadeAgainFromItsReceipt) {
  for (const Recipe& recipe : recipes()) {
    SCOPED_TRACE(recipe.name());
    const auto work = run_recipe(recipe, models_, opened(recipe));
    ASSERT_TRUE(work) << work.error().message;
    EXPECT_EQ(value_or_throw(recipe_of(work->receipt))->name(), recipe.name());
    EXPECT_TRUE(work->files.contains("receipt.json"));
    const fs::path place = folder_ / "works" / recipe.name();
    value_or_throw(write_work(*work, place));
    // Not from memory: with models that are read again.
    ModelCache others;
    const auto again = replay_path(others, place);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(again->work.files, work->files);
    EXPECT_TRUE(value_or_throw(compare_replayed(again->receipt, again->work, place)).same());
    // A changed request makes another work, and the comparison says so.
    Json other = work->receipt;
    if (other["request"].contains("seed")) {
      other["request"]["seed"] = 99;
      const auto changed = replay_receipt(others, other, value_or_throw(read_sources(work->receipt, place)));
      ASSERT_TRUE(changed) << changed.error().message;
      EXPECT_FALSE(value_or_throw(compare_replayed(work->receipt, *changed, place)).same());
    }
  }
}

TEST_F(Recipes, TheSameRequestGivesTheSameBytesFromACachedModel) {
  for (const Recipe& recipe : recipes()) {
    const RecipeRequest request = opened(recipe);
    EXPECT_EQ(value_or_throw(run_recipe(recipe, models_, request)).files, value_or_throw(run_recipe(recipe, models_, request)).files) << recipe.name();
  }
}

TEST_F(Recipes, AModelThatChangedOnTheDiskIsReadAnew) {
  const auto before = value_or_throw(models_.language((folder_ / "words").string()));
  EXPECT_EQ(value_or_throw(models_.language((folder_ / "words").string())), before);
  fs::last_write_time(folder_ / "words" / "model.safetensors", fs::file_time_type::clock::now() + std::chrono::seconds(5));
  EXPECT_NE(value_or_throw(models_.language((folder_ / "words").string())), before);
}

TEST_F(Recipes, PlansAndBudgets) {
  for (const Recipe& recipe : recipes()) {
    SCOPED_TRACE(recipe.name());
    const RecipeRequest request = opened(recipe);
    const auto plan = plan_recipe(recipe, models_, request);
    ASSERT_TRUE(plan) << plan.error().message;
    EXPECT_GT(plan->peak_bytes, int64_t{20} << 20);
    EXPECT_TRUE(plan_recipe(recipe, models_, request, plan->peak_bytes));
    EXPECT_EQ(plan_recipe(recipe, models_, request, 1 << 20).error().code, ErrorCode::over_budget);
    EXPECT_EQ(run_recipe(recipe, models_, request, {.budget_bytes = 1 << 20}).error().code, ErrorCode::over_budget);
  }
}

TEST_F(Recipes, PlanningCanBeCancelled) {
  CancelToken token;
  token.cancel();
  for (const Recipe& recipe : recipes()) {
    SCOPED_TRACE(recipe.name());
    const RecipeRequest request = opened(recipe);
    EXPECT_EQ(plan_recipe(recipe, models_, request, 0, &token).error().code, ErrorCode::cancelled);
    const CancelScope scope(&token);
    EXPECT_EQ(plan_recipe(recipe, models_, request).error().code, ErrorCode::cancelled) << "by the token of the thread";
    // What takes long is cut short on its way, too, and not only refused before it begins.
    if (std::set<std::string>{"create", "paint", "generate", "shape"}.contains(recipe.name())) {
      const auto plan = guard([&] { return recipe.plan(models_, request, 0); });
      ASSERT_FALSE(plan);
      EXPECT_EQ(plan.error().code, ErrorCode::cancelled) << plan.error().message;
    }
  }
}

TEST_F(Recipes, ProgressPreviewsTextAndCancelling) {
  for (const Recipe& recipe : recipes()) {
    SCOPED_TRACE(recipe.name());
    const RecipeRequest request = opened(recipe);
    CancelToken token;
    token.cancel();
    EXPECT_EQ(run_recipe(recipe, models_, request, {.cancel = &token}).error().code, ErrorCode::cancelled);
    double fraction = -1;
    int previews = 0, drawn = 0;
    std::string text;
    RunOptions options;
    options.progress = [&](const Progress& p) {
      EXPECT_GE(p.fraction, fraction);
      fraction = p.fraction;
    };
    options.preview = [&](int64_t, const Image& picture) { previews += picture.width > 0; };
    options.drawn = [&](const Image& picture) { drawn += picture.width == 64; };
    options.text = [&](std::string_view news) { text += news; };
    const auto work = run_recipe(recipe, models_, request, options);
    ASSERT_TRUE(work) << work.error().message;
    if (recipe.name() == "generate") {
      EXPECT_EQ(text, std::string(work->files.at("text.txt").begin(), work->files.at("text.txt").end()));
      EXPECT_EQ(work->facts["text"], text);
    } else {
      EXPECT_EQ(fraction, 1) << "how far it is";
    }
    EXPECT_EQ(previews, recipe.name() == "paint" ? 1 : 0) << "of each step but the last, which is the picture";
    EXPECT_EQ(drawn, recipe.name() == "paint" ? 1 : 0);
  }
}

TEST_F(Recipes, WithoutAReceiptTheFilesAreTheSame) {
  const Recipe& upscale = *value_or_throw(find_recipe("upscale"));
  const RecipeRequest request = opened(upscale);
  const Work with = value_or_throw(run_recipe(upscale, models_, request)), without = value_or_throw(run_recipe(upscale, models_, request, {.receipt = false}));
  EXPECT_EQ(with.files.at("picture.png"), without.files.at("picture.png"));
  EXPECT_EQ(without.files.size(), 1U);
  EXPECT_TRUE(without.receipt.is_null());
}

TEST_F(Recipes, WhatCannotBeAskedIsSaidWithItsField) {
  const auto field = [&](const char* recipe, const Json& changes) {
    Json asked = request(recipe);
    asked.update(changes);
    const auto read = read_fields(*value_or_throw(find_recipe(recipe)), asked);
    return read ? std::string("none") : field_of(read.error());
  };
  EXPECT_EQ(field("create", {{"size", 900}}), "size");
  EXPECT_EQ(field("create", {{"size", "large"}}), "size");
  EXPECT_EQ(field("create", {{"sise", 128}}), "sise");
  EXPECT_EQ(field("create", {{"seed", -2}}), "seed");
  EXPECT_EQ(field("create", {{"prompt", ""}}), "prompt");
  EXPECT_EQ(field("object", {{"picture", ""}}), "picture");
  EXPECT_EQ(field("paint", {{"steps", 0}}), "steps");
  EXPECT_EQ(field("generate", {{"temperature", -1}}), "temperature");
  EXPECT_EQ(field("upscale", {{"picture", 3}}), "picture");
  // A checkpoint has ranges of its own.
  EXPECT_EQ(field("create", {{"model", (folder_ / "tiny").string()}}), "best_of");
}

TEST_F(Recipes, TagsOfLorasInAPromptAreCheckedBeforeAnythingRuns) {
  const auto asked = open_request(*value_or_throw(find_recipe("paint")), {{"prompt", "a fox <lora:nowhere:0.8>"}, {"model", (folder_ / "tiny").string()}});
  ASSERT_FALSE(asked);
  EXPECT_NE(asked.error().message.find("nowhere.safetensors"), std::string::npos) << asked.error().message;
}

TEST_F(Recipes, ARandomSeedIsChosenOnce) {
  const Recipe& create = *value_or_throw(find_recipe("create"));
  Json asked = request("create");
  asked["seed"] = -1;
  const Json fields = value_or_throw(read_fields(create, asked));
  EXPECT_TRUE(fields["seed"].is_number_unsigned() || fields["seed"].is_number_integer());
  EXPECT_GE(fields["seed"].get<int64_t>(), 0);
  EXPECT_EQ(work_name(create, fields), fmt::format("a-red-fox-{}", fields["seed"].get<int64_t>()));
}

TEST_F(Recipes, CreateByACheckpointIsThePaintingCutOut) {
  const Recipe &create = *value_or_throw(find_recipe("create")), &paint = *value_or_throw(find_recipe("paint"));
  const std::string model = (folder_ / "tiny").string();
  const Json asked{{"prompt", "a photo"}, {"seed", 3}, {"steps", 2}, {"object", false}, {"model", model}, {"from", (folder_ / "disc.png").string()}};
  const RecipeRequest request = value_or_throw(open_request(create, value_or_throw(read_fields(create, asked))));
  const Work made = value_or_throw(run_recipe(create, models_, request));
  EXPECT_EQ(made.receipt["kind"], kPaintingKind);
  EXPECT_EQ(made.receipt["request"]["cut"], "transparent");
  EXPECT_EQ(made.receipt["request"]["steps"], 2);
  EXPECT_EQ(made.receipt["request"]["guidance"], 7.0) << "what is not asked for is as paint has it";
  const Json same{{"prompt", "a photo"},
                  {"seed", 3},
                  {"steps", 2},
                  {"cut", "transparent"},
                  {"strength", 0.6F},
                  {"files", {{"model", model}}},
                  {"from", (folder_ / "disc.png").string()}};
  const RecipeRequest painted = value_or_throw(open_request(paint, value_or_throw(read_fields(paint, same))));
  EXPECT_EQ(value_or_throw(run_recipe(paint, models_, painted)).files.at("picture.png"), made.files.at("picture.png"));
}

TEST_F(Recipes, AReplayOnANumericPathThatIsNotHereIsRefused) {
  const Recipe& object = *value_or_throw(find_recipe("object"));
  const Work work = value_or_throw(run_recipe(object, models_, opened(object)));
  const fs::path place = folder_ / "elsewhere";
  value_or_throw(write_work(work, place));
  Json receipt = work.receipt;
  receipt["numeric_path"] = "abacus";
  value_or_throw(write_file(place / "receipt.json", value_or_throw(canonical_json(receipt))));
  EXPECT_EQ(replay_path(models_, place).error().code, ErrorCode::mismatch);
}

TEST(Receipts, NameModelsOfTheFolderAlone) {
  const fs::path checkpoints = fs::temp_directory_path();
  for (const char* name : {"../model.safetensors", "/etc/passwd", "a/b", ".hidden"}) {
    const auto file = model_file_of({{"model_file", name}}, checkpoints);
    ASSERT_FALSE(file) << name;
    EXPECT_EQ(file.error().code, ErrorCode::corrupt) << name;
  }
  EXPECT_EQ(value_or_throw(model_file_of(Json::object(), checkpoints)), fs::path());
  EXPECT_EQ(model_file_of({{"model_file", "not-here.safetensors"}}, checkpoints).error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace ptah
