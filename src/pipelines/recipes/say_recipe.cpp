#include "pipelines/recipes/rows.h"
#include "pipelines/speech/say_work.h"

namespace ptah {

namespace {

/// Who guesses emotions, if they are followed.
Result<std::shared_ptr<const EmotionReader>> emotions_of(ModelCache& models, const SayTask& task) {
  if (!task.follow_emotion) return std::shared_ptr<const EmotionReader>();
  return models.emotion_reader("emotion");
}

Result<void> check_say(const Json& given) {
  PTAH_TRY_VOID(say_schema().complete(given));
  return {};
}

Result<Plan> plan_say_recipe(ModelCache& models, const RecipeRequest& asked, int64_t budget_bytes) {
  PTAH_TRY(const SayTask task, say_schema().complete(asked.fields));
  PTAH_TRY(const auto speaker, models.speaker(task.model));
  PTAH_TRY(const Plan plan, plan_speech(*speaker, task));
  PTAH_TRY_VOID(check_budget(plan, budget_bytes));
  return plan;
}

Result<Work> run_say(ModelCache& models, const RecipeRequest& asked, const RunOptions& options) {
  PTAH_TRY(const SayTask task, say_schema().complete(asked.fields));
  if (options.budget_bytes > 0) PTAH_TRY_VOID(plan_say_recipe(models, asked, options.budget_bytes));
  PTAH_TRY(const auto speaker, models.speaker(task.model));
  PTAH_TRY(const auto emotions, emotions_of(models, task));
  return say_work(*speaker, task, options.progress, options.cancel, options.receipt, options.sound, emotions.get());
}

Result<Work> replay_say_recipe(ModelCache& models, const Json& receipt, const Sources&, const std::filesystem::path&, const RunOptions& options) {
  PTAH_TRY(const SayTask task, say_schema().from_receipt(receipt.value("request", Json())));
  PTAH_TRY(const auto speaker, models.speaker(task.model));
  PTAH_TRY(const auto emotions, emotions_of(models, task));
  return replay_say(*speaker, task, receipt, options.progress, options.cancel, emotions.get());
}

}  // namespace

Recipe say_recipe() {
  return {.schema = &say_schema(),
          .kinds = {kSpeechKind},
          .named_after = "text",
          .check = check_say,
          .open = [](const Json&, const PictureReader&) -> Result<Sources> { return Sources{}; },
          .plan = plan_say_recipe,
          .run = run_say,
          .replay = replay_say_recipe};
}

}  // namespace ptah
