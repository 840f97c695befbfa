#include <ctime>

#include "pipelines/face/photo_work.h"
#include "pipelines/recipes/rows.h"

namespace ptah {

namespace {

Result<void> check_photo(const Json& given) {
  PTAH_TRY_VOID(photo_schema().complete(given));
  return {};
}

Result<Sources> open_photo(const Json& given, const PictureReader& read) {
  PTAH_TRY(const PhotoTask task, photo_schema().complete(given));
  return photo_sources(task, read);
}

Result<Plan> plan_photo_recipe(ModelCache&, const RecipeRequest& asked, int64_t budget_bytes) {
  PTAH_TRY(const PhotoTask task, photo_schema().complete(asked.fields));
  PTAH_TRY(const Plan plan, plan_photo(task, asked.sources));
  PTAH_TRY_VOID(check_budget(plan, budget_bytes));
  return plan;
}

Result<Work> run_photo(ModelCache& models, const RecipeRequest& asked, const RunOptions& options) {
  PTAH_TRY(const PhotoTask task, photo_schema().complete(asked.fields));
  if (options.budget_bytes > 0) PTAH_TRY_VOID(plan_photo_recipe(models, asked, options.budget_bytes));
  return photo_work(task, asked.sources, std::time(nullptr), options.progress, options.cancel);
}

Result<Work> replay_photo_recipe(ModelCache&, const Json& receipt, const Sources& sources, const std::filesystem::path&, const RunOptions& options) {
  return replay_photo(receipt, sources, std::time(nullptr), options.progress, options.cancel);
}

}  // namespace

Recipe photo_recipe() {
  return {.schema = &photo_schema(),
          .kinds = {kPhotoKind},
          .named_after = "picture",
          .check = check_photo,
          .open = open_photo,
          .plan = plan_photo_recipe,
          .run = run_photo,
          .replay = replay_photo_recipe};
}

}  // namespace ptah
