#include "pipelines/recipes/rows.h"
#include "pipelines/scene/scene_work.h"

namespace ptah {

namespace {

Result<void> check_scene_request(const Json& given) {
  PTAH_TRY_VOID(scene_schema().complete(given));
  return {};
}

Result<Sources> open_scene(const Json&, const PictureReader&) { return Sources{}; }

Result<Plan> plan_scene_recipe(ModelCache& models, const RecipeRequest& asked, int64_t budget_bytes) {
  PTAH_TRY(const SceneTaskRequest task, scene_schema().complete(asked.fields));
  PTAH_TRY(const auto library, models.scene_library());
  PTAH_TRY(const Plan plan, plan_scene(*library, task));
  PTAH_TRY_VOID(check_budget(plan, budget_bytes));
  return plan;
}

Result<Work> run_scene(ModelCache& models, const RecipeRequest& asked, const RunOptions& options) {
  PTAH_TRY(const SceneTaskRequest task, scene_schema().complete(asked.fields));
  if (options.budget_bytes > 0) PTAH_TRY_VOID(plan_scene_recipe(models, asked, options.budget_bytes));
  PTAH_TRY(const auto library, models.scene_library());
  return scene_work(*library, task, options.progress, options.note, options.cancel);
}

Result<Work> replay_scene_recipe(ModelCache& models, const Json& receipt, const Sources&, const std::filesystem::path&, const RunOptions& options) {
  PTAH_TRY(const auto library, models.scene_library());
  return replay_scene(*library, receipt, options.progress, options.cancel);
}

}  // namespace

Recipe scene_recipe() {
  return {.schema = &scene_schema(),
          .kinds = {kSceneKind},
          .named_after = "prompt",
          .check = check_scene_request,
          .open = open_scene,
          .plan = plan_scene_recipe,
          .run = run_scene,
          .replay = replay_scene_recipe};
}

}  // namespace ptah
