#include "pipelines/field/field_work.h"
#include "pipelines/recipes/rows.h"

namespace ptah {

namespace {

FieldCallbacks field_callbacks(const RunOptions& options) { return {.progress = options.progress, .note = options.note, .cancel = options.cancel}; }

Result<void> check_field(const Json& given) {
  PTAH_TRY_VOID(field_schema().complete(given));
  return {};
}

Result<Sources> open_field(const Json& given, const PictureReader&) {
  PTAH_TRY(const FieldTask task, field_schema().complete(given));
  return field_sources(task);
}

Result<Plan> plan_field_recipe(ModelCache&, const RecipeRequest& asked, int64_t budget_bytes) {
  PTAH_TRY(const FieldTask task, field_schema().complete(asked.fields));
  PTAH_TRY(const Plan plan, plan_field(task, asked.sources));
  PTAH_TRY_VOID(check_budget(plan, budget_bytes));
  return plan;
}

Result<Work> run_field(ModelCache& models, const RecipeRequest& asked, const RunOptions& options) {
  PTAH_TRY(const FieldTask task, field_schema().complete(asked.fields));
  if (options.budget_bytes > 0) PTAH_TRY_VOID(plan_field_recipe(models, asked, options.budget_bytes));
  return field_work(task, asked.sources, field_callbacks(options));
}

Result<Work> replay_field_recipe(ModelCache&, const Json& receipt, const Sources& sources, const std::filesystem::path&, const RunOptions& options) {
  return replay_field(receipt, sources, field_callbacks(options));
}

}  // namespace

Recipe field_recipe() {
  return {.schema = &field_schema(),
          .kinds = {kFieldKind},
          .named_after = "folder",
          .check = check_field,
          .open = open_field,
          .plan = plan_field_recipe,
          .run = run_field,
          .replay = replay_field_recipe};
}

}  // namespace ptah
