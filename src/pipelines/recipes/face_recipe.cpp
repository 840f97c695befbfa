#include "pipelines/face/face_work.h"
#include "pipelines/recipes/rows.h"

namespace ptah {

namespace {

Result<void> check_face(const Json& given) {
  PTAH_TRY_VOID(face_schema().complete(given));
  return {};
}

Result<Plan> plan_face_recipe(ModelCache&, const RecipeRequest& asked, int64_t budget_bytes) {
  PTAH_TRY(const FaceTask task, face_schema().complete(asked.fields));
  PTAH_TRY(const Plan plan, plan_face(task));
  PTAH_TRY_VOID(check_budget(plan, budget_bytes));
  return plan;
}

Result<Work> run_face(ModelCache& models, const RecipeRequest& asked, const RunOptions& options) {
  PTAH_TRY(const FaceTask task, face_schema().complete(asked.fields));
  if (options.budget_bytes > 0) PTAH_TRY_VOID(plan_face_recipe(models, asked, options.budget_bytes));
  return face_work(task, options.progress, options.note, options.cancel);
}

Result<Work> replay_face_recipe(ModelCache&, const Json& receipt, const Sources&, const std::filesystem::path&, const RunOptions& options) {
  return replay_face(receipt, options.progress, options.cancel);
}

}  // namespace

Recipe face_recipe() {
  return {.schema = &face_schema(),
          .kinds = {kFaceKind},
          .named_after = "text",
          .check = check_face,
          .open = [](const Json&, const PictureReader&) -> Result<Sources> { return Sources{}; },
          .plan = plan_face_recipe,
          .run = run_face,
          .replay = replay_face_recipe};
}

}  // namespace ptah
