#include "pipelines/mesh/convert.h"
#include "pipelines/recipes/rows.h"

namespace ptah {

namespace {

Result<void> check_convert(const Json& given) {
  PTAH_TRY(const ConvertTask task, convert_schema().complete(given));
  return check(task);
}

Result<Sources> open_convert(const Json&, const PictureReader&) { return Sources{}; }

Result<Plan> plan_convert(ModelCache&, const RecipeRequest& asked, int64_t budget_bytes) {
  PTAH_TRY(const ConvertTask task, convert_schema().complete(asked.fields));
  PTAH_TRY(const Plan plan, plan_convert(task));
  PTAH_TRY_VOID(check_budget(plan, budget_bytes));
  return plan;
}

Result<Work> run_convert(ModelCache& models, const RecipeRequest& asked, const RunOptions& options) {
  PTAH_TRY(const ConvertTask task, convert_schema().complete(asked.fields));
  if (options.budget_bytes > 0) PTAH_TRY_VOID(plan_convert(models, asked, options.budget_bytes));
  return convert_work(task, options.progress, options.note, options.cancel);
}

/// `folder`: where the work lies, with the mesh it was made of.
Result<Work> replay_convert(ModelCache&, const Json& receipt, const Sources&, const std::filesystem::path& folder, const RunOptions& options) {
  return replay_convert(receipt, folder, options.cancel);
}

}  // namespace

Recipe convert_recipe() {
  return {.schema = &convert_schema(),
          .kinds = {kConvertKind},
          .named_after = "mesh",
          .check = check_convert,
          .open = open_convert,
          .plan = plan_convert,
          .run = run_convert,
          .replay = replay_convert};
}

}  // namespace ptah
