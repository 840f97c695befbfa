#include "pipelines/recipes/rows.h"
#include "pipelines/schemas.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

constexpr const char* kKind = "upscaled picture";

Result<void> check_upscale(const Json& given) {
  PTAH_TRY_VOID(upscale_schema().complete(given));
  return {};
}

Result<Sources> open_upscale(const Json& given, const PictureReader& read) { return read_sources(text_at(given, "picture"), {}, read); }

/// The work of a picture that was made larger. The picture itself is as `ptah upscale` writes it; only receipt.json says where it comes from.
Result<Work> upscaled(const PictureUpscaler& upscaler, const std::string& model_file, const Sources& sources, const RunOptions& options) {
  PTAH_TRY(const Image large, upscaler.upscale(*sources.from, options.progress, options.cancel));
  Work work;
  PTAH_TRY(work.files["picture.png"], encode_png(large));
  work.facts = {{"width", large.width}, {"height", large.height}};
  if (!options.receipt) return work;
  Json core = begun_receipt(kKind, {{"factor", upscaler.factor()}});
  core["models"]["upscaler"] = "sha256:" + upscaler.sha256();
  if (!model_file.empty()) core["model_file"] = model_file;
  core["sources"] = source_ids(sources);
  core["pixels"] = pixel_id(large);
  PTAH_TRY_VOID(add_sources(work, sources));
  PTAH_TRY_VOID(seal(work, core));
  return work;
}

Result<Plan> plan_upscale(ModelCache& models, const RecipeRequest& asked, int64_t budget_bytes) {
  PTAH_TRY(const UpscaleTask task, upscale_schema().complete(asked.fields));
  PTAH_TRY(const auto upscaler, models.upscaler(task.model));
  const Plan plan = upscaler->plan(asked.sources.from->width, asked.sources.from->height);
  PTAH_TRY_VOID(check_budget(plan, budget_bytes));
  return plan;
}

Result<Work> run_upscale(ModelCache& models, const RecipeRequest& asked, const RunOptions& options) {
  PTAH_TRY(const UpscaleTask task, upscale_schema().complete(asked.fields));
  PTAH_TRY(const auto upscaler, models.upscaler(task.model));
  PTAH_TRY_VOID(check_budget(upscaler->plan(asked.sources.from->width, asked.sources.from->height), options.budget_bytes));
  return upscaled(*upscaler, task.model.filename().string(), asked.sources, options);
}

Result<Work> replay_upscale(ModelCache& models, const Json& receipt, const Sources& sources, const fs::path& checkpoints, const RunOptions& options) {
  PTAH_TRY_VOID(check_sources(receipt, sources));
  if (!sources.from) return fail(ErrorCode::corrupt, "receipt: an upscaled picture without the one it was made of");
  PTAH_TRY(const fs::path file, model_file_of(receipt, checkpoints));
  PTAH_TRY(const auto upscaler, models.upscaler(file));
  const Json id = receipt.value("models", Json::object());
  if (id != Json{{"upscaler", "sha256:" + upscaler->sha256()}})
    return fail(ErrorCode::mismatch, "the work was made with the upscaler {}; here it would be sha256:{}", id.dump(), upscaler->sha256());
  return upscaled(*upscaler, file.filename().string(), sources, options);
}

}  // namespace

Recipe upscale_recipe() {
  return {.schema = &upscale_schema(),
          .kinds = {kKind},
          .named_after = "picture",
          .check = check_upscale,
          .open = open_upscale,
          .plan = plan_upscale,
          .run = run_upscale,
          .replay = replay_upscale};
}

}  // namespace ptah
