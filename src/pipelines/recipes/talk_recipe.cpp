#include "pipelines/face/talk_work.h"
#include "pipelines/recipes/rows.h"

namespace ptah {

namespace {

Result<void> check_talk(const Json& given) {
  PTAH_TRY_VOID(talk_schema().complete(given));
  return {};
}

Result<Sources> open_talk(const Json& given, const PictureReader&) {
  PTAH_TRY(const TalkTask task, talk_schema().complete(given));
  return talk_sources(task);
}

Result<Plan> plan_talk_recipe(ModelCache& models, const RecipeRequest& asked, int64_t budget_bytes) {
  PTAH_TRY(const TalkTask task, talk_schema().complete(asked.fields));
  PTAH_TRY(const auto speaker, models.speaker(task.voice_model));
  PTAH_TRY(const Plan plan, plan_talk(*speaker, task));
  PTAH_TRY_VOID(check_budget(plan, budget_bytes));
  return plan;
}

Result<Work> run_talk(ModelCache& models, const RecipeRequest& asked, const RunOptions& options) {
  PTAH_TRY(const TalkTask task, talk_schema().complete(asked.fields));
  if (options.budget_bytes > 0) PTAH_TRY_VOID(plan_talk_recipe(models, asked, options.budget_bytes));
  PTAH_TRY(const auto speaker, models.speaker(task.voice_model));
  return talk_work(*speaker, task, asked.sources, options.progress, options.note, options.cancel);
}

Result<Work> replay_talk_recipe(ModelCache& models, const Json& receipt, const Sources& sources, const std::filesystem::path&, const RunOptions& options) {
  PTAH_TRY(const TalkTask task, talk_schema().from_receipt(receipt.value("request", Json())));
  PTAH_TRY(const auto speaker, models.speaker(task.voice_model));
  return replay_talk(*speaker, task, receipt, sources, options.progress, options.cancel);
}

}  // namespace

Recipe talk_recipe() {
  return {.schema = &talk_schema(),
          .kinds = {kTalkKind},
          .named_after = "text",
          .check = check_talk,
          .open = open_talk,
          .plan = plan_talk_recipe,
          .run = run_talk,
          .replay = replay_talk_recipe};
}

}  // namespace ptah
