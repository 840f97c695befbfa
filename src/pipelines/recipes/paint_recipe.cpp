#include "pipelines/painting.h"
#include "pipelines/recipes/prompt_files.h"
#include "pipelines/recipes/rows.h"
#include "pixels/edges.h"
#include "shape/fit.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

Result<PaintTask> paint_task(const Json& given) {
  PTAH_TRY(PaintTask task, paint_schema().complete(given));
  PTAH_TRY_VOID(take_prompt_files(task.request, task.files));
  PTAH_TRY_VOID(check(task.request));
  return task;
}

Result<void> check_paint(const Json& given) {
  PTAH_TRY_VOID(paint_task(given));
  return {};
}

Result<Sources> open_paint(const Json& given, const PictureReader& read) {
  PTAH_TRY(const PaintTask task, paint_schema().request(given));
  PTAH_TRY(Sources sources, read_sources(task.from, task.mask, read));
  if (task.extend != 0) {
    if (!sources.from || sources.mask)
      return fail_field("extend", ErrorCode::invalid_argument, "`extend` needs a picture to start from (`from`), and no `mask`");
    PTAH_TRY(sources, extended(*sources.from, task.extend));
  }
  for (const fs::path& file : task.control_pictures) {
    PTAH_TRY(Image picture, read(file));
    sources.controls.push_back(task.edges ? edges_of(picture) : std::move(picture));
  }
  return sources;
}

/// The task, decoding in tiles if it fits a budget above 0 only so.
Result<PaintTask> fitting_task(const RecipeRequest& asked, int64_t budget_bytes) {
  PTAH_TRY(PaintTask task, paint_task(asked.fields));
  if (budget_bytes > 0) {
    PTAH_TRY(const fs::path vocabulary, clip_vocabulary());
    PTAH_TRY(task.request, within_budget(task.request, task.files, vocabulary, asked.sources, budget_bytes));
  }
  return task;
}

Result<Plan> plan_paint(ModelCache&, const RecipeRequest& asked, int64_t budget_bytes) {
  PTAH_TRY(const PaintTask task, fitting_task(asked, budget_bytes));
  PTAH_TRY(const fs::path vocabulary, clip_vocabulary());
  return plan_painting(task.request, task.files, vocabulary, asked.sources);
}

Result<Work> run_paint(ModelCache& models, const RecipeRequest& asked, const RunOptions& options) {
  PTAH_TRY(const PaintTask task, fitting_task(asked, options.budget_bytes));
  PTAH_TRY(const auto checkpoint, models.checkpoint(task.files));
  const DiffusionModel& model = *checkpoint->model;
  if (options.note) {
    PTAH_TRY(const std::vector<std::string> of_prompt, prompt_notes(task.request));
    for (const auto& list : {model.notes(task.request), of_prompt})
      for (const std::string& note : list) options.note(note);
  }
  const PaintRequest request = model.with_defaults(task.request);
  PTAH_TRY(const Image picture, model.paint(request, asked.sources, options.progress, options.cancel, options.preview));
  const bool cuts = !task.finish.cut.empty() || task.finish.formats.any_object();
  PTAH_TRY(const Cutter cutter, cutter_by(cuts ? task.finish.cut_by : CutBy::colour, models.given_folder()));
  if (options.note && cuts && !cutter.remover)
    if (const auto cut = cut_for_object(picture, task.finish.object.solid == "slab"); !cut) options.note(cut.error().message);
  PTAH_TRY(const Json digests, checkpoint->digests.get());
  PTAH_TRY(Work work, painting(request, task.files, digests, picture, asked.sources, task.finish, options.progress, options.cancel, cutter.remover));
  if (options.progress) options.progress({"done", 1, 0});
  if (options.drawn) options.drawn(picture);
  return work;
}

Result<Work> replay_paint(ModelCache&, const Json& receipt, const Sources& sources, const fs::path& checkpoints, const RunOptions& options) {
  return replay_painting(receipt, sources, checkpoints, options.progress, options.cancel);
}

}  // namespace

Recipe paint_recipe() {
  return {.schema = &paint_schema(),
          .kinds = {kPaintingKind},
          .named_after = "prompt",
          .check = check_paint,
          .open = open_paint,
          .plan = plan_paint,
          .run = run_paint,
          .replay = replay_paint};
}

}  // namespace ptah
