// The public engine makes every kind of work again, whatever made it.
#include "ptah/engine.h"

#include "pipelines/recipes.h"
#include "tests/pipelines/small_models.h"
#include "work/work_folder.h"

namespace ptah {
namespace {

using PublicReplay = SmallModels;

TEST_F(PublicReplay, EveryKindComesOutAgain) {
  const auto engine = Engine::open();
  ASSERT_TRUE(engine) << engine.problem().message;
  ModelCache models;
  for (const Recipe& recipe : recipes()) {
    SCOPED_TRACE(recipe.name());
    const RecipeRequest asked = value_or_throw(open_request(recipe, value_or_throw(read_fields(recipe, request(recipe.name())))));
    const Work work = value_or_throw(run_recipe(recipe, models, asked));
    const auto place = folder_ / "works" / recipe.name();
    value_or_throw(write_work(work, place));
    const auto again = engine->replay(place);
    ASSERT_TRUE(again) << again.problem().message;
    EXPECT_EQ(again->files, work.files);
    EXPECT_EQ(again->receipt, value_or_throw(canonical_json(work.receipt)));
    // The numeric path of the receipt is asked for.
    Json elsewhere = work.receipt;
    elsewhere["numeric_path"] = "abacus";
    value_or_throw(write_file(place / "receipt.json", std::string_view(value_or_throw(canonical_json(elsewhere)))));
    const auto refused = engine->replay(place);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.problem().name, "mismatch");
  }
}

TEST_F(PublicReplay, ItCanBeCancelled) {
  const Recipe& object = *value_or_throw(find_recipe("object"));
  ModelCache models;
  const RecipeRequest asked = value_or_throw(open_request(object, value_or_throw(read_fields(object, request("object")))));
  value_or_throw(write_work(value_or_throw(run_recipe(object, models, asked)), folder_ / "object"));
  const std::atomic<bool> cancel = true;
  const auto stopped = value_or_throw(Result<Engine>(*Engine::open())).replay(folder_ / "object", {.cancel = &cancel});
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.problem().name, "cancelled");
}

}  // namespace
}  // namespace ptah
