#include "pipelines/object.h"

#include "pipelines/recipes/rows.h"
#include "pipelines/reconstruction/reconstructor.h"

namespace ptah {

namespace {

Result<void> check_object(const Json& given) {
  PTAH_TRY_VOID(object_schema().complete(given));
  return {};
}

Result<Sources> open_object(const Json& given, const PictureReader& read) { return read_sources(text_at(given, "picture"), {}, read); }

Result<Plan> plan_object(ModelCache&, const RecipeRequest& asked, int64_t budget_bytes) {
  PTAH_TRY(const ObjectTask task, object_schema().complete(asked.fields));
  PTAH_TRY(const Plan plan, task.model.empty() ? plan_object(*asked.sources.from, task.request) : plan_reconstructed(*asked.sources.from, task));
  PTAH_TRY_VOID(check_budget(plan, budget_bytes));
  return plan;
}

Result<Work> run_object(ModelCache& models, const RecipeRequest& asked, const RunOptions& options) {
  PTAH_TRY(const ObjectTask task, object_schema().complete(asked.fields));
  if (options.budget_bytes > 0) PTAH_TRY_VOID(plan_object(models, asked, options.budget_bytes));
  PTAH_TRY(Cutter cutter, cutter_by(task.cut_by, models.given_folder()));
  const auto made = [&](const ObjectMaker& maker) {
    return object_work(*asked.sources.from, task.request, task.formats, options.progress, options.cancel, std::move(cutter), maker);
  };
  if (task.model.empty()) return made({});
  PTAH_TRY(const auto reconstructor, models.reconstructor(task.model));
  if (options.note)
    for (const std::string& note : reconstructor->model->notes()) options.note(note);
  return made(object_maker(*reconstructor, task.resolution));
}

Result<Work> replay_object(ModelCache& models, const Json& receipt, const Sources& sources, const std::filesystem::path& checkpoints,
                           const RunOptions& options) {
  PTAH_TRY(const std::filesystem::path model, model_file_of(receipt, checkpoints));
  if (!model.empty()) {
    PTAH_TRY(const auto reconstructor, models.reconstructor(model));
    return replay_reconstructed(receipt, sources, *reconstructor, options.progress, options.cancel);
  }
  return replay_object(receipt, sources, options.progress, options.cancel);
}

}  // namespace

Recipe object_recipe() {
  return {.schema = &object_schema(),
          .kinds = {kObjectKind},
          .named_after = "picture",
          .check = check_object,
          .open = open_object,
          .plan = plan_object,
          .run = run_object,
          .replay = replay_object};
}

}  // namespace ptah
