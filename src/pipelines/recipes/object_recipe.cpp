#include "pipelines/object.h"

#include "pipelines/recipes/rows.h"
#include "pipelines/reconstruction/reconstructor.h"
#include "pipelines/reconstruction/two_sided_maker.h"

namespace ptah {

namespace {

Result<void> check_object(const Json& given) {
  PTAH_TRY_VOID(object_schema().complete(given));
  return {};
}

Result<Sources> open_object(const Json& given, const PictureReader& read) { return read_sources(text_at(given, "picture"), {}, read); }

/// The network that makes the body of a task; null where it is inflated, or reconstructed by a model of the user's.
Result<std::shared_ptr<const TwoSidedModel>> two_sided_model_of(ModelCache& models, const ObjectTask& task) {
  if (!task.model.empty() || task.route == "inflate" || task.request.solid != "round") return std::shared_ptr<const TwoSidedModel>();
  PTAH_TRY(auto model, models.two_sided());
  if (!model && task.route == "two-sided")
    return fail_field("route", ErrorCode::not_found, "`route` two-sided: there is no network that sees both sides of objects among the models");
  return model;
}

Result<Plan> plan_object(ModelCache& models, const RecipeRequest& asked, int64_t budget_bytes) {
  PTAH_TRY(const ObjectTask task, object_schema().complete(asked.fields));
  PTAH_TRY(const auto two_sided, two_sided_model_of(models, task));
  const Image& from = *asked.sources.from;
  PTAH_TRY(const Plan plan, !task.model.empty() ? plan_reconstructed(from, task)
                            : two_sided         ? plan_two_sided_object(from, task.request, *two_sided)
                                                : plan_object(from, task.request));
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
  PTAH_TRY(const auto two_sided, two_sided_model_of(models, task));
  if (two_sided) return made(two_sided_maker(*two_sided));
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
  if (is_two_sided(receipt)) {
    PTAH_TRY(const auto two_sided, models.two_sided());
    return replay_two_sided(receipt, sources, two_sided.get(), options.progress, options.cancel);
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
