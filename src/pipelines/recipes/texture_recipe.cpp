#include "pipelines/recipes/rows.h"
#include "pipelines/texturing/painted_texture.h"
#include "shape/texture/words.h"

namespace ptah {

namespace {

Result<void> check_texture(const Json& given) {
  PTAH_TRY(const TextureTask task, texture_schema().complete(given));
  if (!task.model.empty()) {
    PTAH_TRY_VOID(painting_files(task));
    return {};
  }
  PTAH_TRY_VOID(material_by_words(task.material));
  return {};
}

Result<Sources> open_texture(const Json& given, const PictureReader&) {
  PTAH_TRY(const TextureTask task, texture_schema().complete(given));
  return texture_sources(task);
}

Result<Plan> plan_texture(ModelCache&, const RecipeRequest& asked, int64_t budget_bytes) {
  PTAH_TRY(const TextureTask task, texture_schema().complete(asked.fields));
  PTAH_TRY(const Plan plan, task.model.empty() ? plan_texture(task, asked.sources) : plan_painted_texture(task, asked.sources));
  PTAH_TRY_VOID(check_budget(plan, budget_bytes));
  return plan;
}

Result<Work> run_texture(ModelCache& models, const RecipeRequest& asked, const RunOptions& options) {
  PTAH_TRY(const TextureTask task, texture_schema().complete(asked.fields));
  if (options.budget_bytes > 0) PTAH_TRY_VOID(plan_texture(models, asked, options.budget_bytes));
  std::vector<std::string> notes;
  const auto made = [&]() -> Result<Work> {
    if (task.model.empty()) return texture_work(task, asked.sources, &notes, options.progress, options.cancel);
    PTAH_TRY(const DiffusionFiles files, painting_files(task));
    PTAH_TRY(const auto checkpoint, models.checkpoint(files));
    PTAH_TRY(const Json digests, checkpoint->digests.get());
    return painted_texture_work(task, asked.sources, *checkpoint->model, digests, &notes, options.progress, options.cancel);
  };
  PTAH_TRY(Work work, made());
  if (options.note)
    for (const std::string& note : notes) options.note(note);
  return work;
}

Result<Work> replay_texture(ModelCache&, const Json& receipt, const Sources& sources, const std::filesystem::path& checkpoints, const RunOptions& options) {
  if (receipt.contains("models")) return replay_painted_texture(receipt, sources, checkpoints, options.progress, options.cancel);
  return replay_texture(receipt, sources, options.progress, options.cancel);
}

}  // namespace

Recipe texture_recipe() {
  return {.schema = &texture_schema(),
          .kinds = {kTextureKind},
          .named_after = "mesh",
          .check = check_texture,
          .open = open_texture,
          .plan = plan_texture,
          .run = run_texture,
          .replay = replay_texture};
}

}  // namespace ptah
