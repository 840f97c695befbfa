#include "pipelines/recipes/rows.h"
#include "pipelines/shape/shape_work.h"

namespace ptah {

namespace {

Result<void> check_shape(const Json& given) {
  PTAH_TRY(const ShapeTask task, shape_schema().complete(given));
  PTAH_TRY_VOID(parse_shape(task.program));
  PTAH_TRY_VOID(shape_values(task.set));
  return {};
}

Result<Sources> open_shape(const Json&, const PictureReader&) { return Sources{}; }

Result<Plan> plan_shape(ModelCache&, const RecipeRequest& asked, int64_t budget_bytes) {
  PTAH_TRY(const ShapeTask task, shape_schema().complete(asked.fields));
  PTAH_TRY(const Plan plan, plan_shape(task));
  PTAH_TRY_VOID(check_budget(plan, budget_bytes));
  return plan;
}

Result<Work> run_shape(ModelCache& models, const RecipeRequest& asked, const RunOptions& options) {
  PTAH_TRY(const ShapeTask task, shape_schema().complete(asked.fields));
  if (options.budget_bytes > 0) PTAH_TRY_VOID(plan_shape(models, asked, options.budget_bytes));
  return shape_work(task, options.progress, options.cancel);
}

Result<Work> replay_shape(ModelCache&, const Json& receipt, const Sources&, const std::filesystem::path&, const RunOptions& options) {
  return replay_shape(receipt, options.progress, options.cancel);
}

}  // namespace

Recipe shape_recipe() {
  return {.schema = &shape_schema(),
          .kinds = {kShapeKind},
          .named_after = "program",
          .check = check_shape,
          .open = open_shape,
          .plan = plan_shape,
          .run = run_shape,
          .replay = replay_shape};
}

}  // namespace ptah
