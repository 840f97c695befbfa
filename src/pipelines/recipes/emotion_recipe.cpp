#include "pipelines/emotion/emotion_work.h"
#include "pipelines/recipes/rows.h"

namespace ptah {

namespace {

Result<void> check_emotion(const Json& given) {
  PTAH_TRY_VOID(emotion_schema().complete(given));
  return {};
}

Result<Plan> plan_emotion_recipe(ModelCache& models, const RecipeRequest& asked, int64_t budget_bytes) {
  PTAH_TRY(const EmotionTask task, emotion_schema().complete(asked.fields));
  PTAH_TRY(const auto reader, models.emotion_reader(task.model));
  PTAH_TRY(const Plan plan, plan_emotion(*reader, task));
  PTAH_TRY_VOID(check_budget(plan, budget_bytes));
  return plan;
}

Result<Work> run_emotion(ModelCache& models, const RecipeRequest& asked, const RunOptions& options) {
  PTAH_TRY(const EmotionTask task, emotion_schema().complete(asked.fields));
  if (options.budget_bytes > 0) PTAH_TRY_VOID(plan_emotion_recipe(models, asked, options.budget_bytes));
  if (options.progress) options.progress({"read", 0, -1});
  PTAH_TRY(const auto reader, models.emotion_reader(task.model));
  PTAH_TRY(Work work, emotion_work(*reader, task, options.cancel, options.receipt));
  if (options.progress) options.progress({"done", 1, 0});
  return work;
}

Result<Work> replay_emotion_recipe(ModelCache& models, const Json& receipt, const Sources&, const std::filesystem::path&, const RunOptions& options) {
  PTAH_TRY(const EmotionTask task, emotion_schema().from_receipt(receipt.value("request", Json())));
  PTAH_TRY(const auto reader, models.emotion_reader(task.model));
  return replay_emotion(*reader, task, receipt, options.cancel);
}

}  // namespace

Recipe emotion_recipe() {
  return {.schema = &emotion_schema(),
          .kinds = {kEmotionKind},
          .named_after = "text",
          .check = check_emotion,
          .open = [](const Json&, const PictureReader&) -> Result<Sources> { return Sources{}; },
          .plan = plan_emotion_recipe,
          .run = run_emotion,
          .replay = replay_emotion_recipe};
}

}  // namespace ptah
