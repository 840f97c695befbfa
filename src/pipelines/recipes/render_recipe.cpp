#include "pipelines/recipes/rows.h"
#include "pipelines/rendering/render_work.h"
#include "pipelines/shape/shape_work.h"

namespace ptah {

namespace {

Result<void> check_render(const Json& given) {
  PTAH_TRY(const RenderTask task, render_schema().complete(given));
  PTAH_TRY_VOID(shape_values(task.set));
  return {};
}

Result<Sources> open_render(const Json& given, const PictureReader&) {
  PTAH_TRY(const RenderTask task, render_schema().complete(given));
  return render_sources(task);
}

Result<Plan> plan_render(ModelCache&, const RecipeRequest& asked, int64_t budget_bytes) {
  PTAH_TRY(const RenderTask task, render_schema().complete(asked.fields));
  PTAH_TRY(const Plan plan, plan_render(task, asked.sources));
  PTAH_TRY_VOID(check_budget(plan, budget_bytes));
  return plan;
}

Result<Work> run_render(ModelCache& models, const RecipeRequest& asked, const RunOptions& options) {
  PTAH_TRY(const RenderTask task, render_schema().complete(asked.fields));
  if (options.budget_bytes > 0) PTAH_TRY_VOID(plan_render(models, asked, options.budget_bytes));
  return render_work(task, asked.sources, options.progress, options.cancel);
}

Result<Work> replay_render(ModelCache&, const Json& receipt, const Sources& sources, const std::filesystem::path&, const RunOptions& options) {
  return replay_render(receipt, sources, options.progress, options.cancel);
}

}  // namespace

Recipe render_recipe() {
  return {.schema = &render_schema(),
          .kinds = {kRenderKind},
          .named_after = "file",
          .check = check_render,
          .open = open_render,
          .plan = plan_render,
          .run = run_render,
          .replay = replay_render};
}

}  // namespace ptah
