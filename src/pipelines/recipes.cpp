#include "pipelines/recipes.h"

#include <algorithm>

#include "base/budget.h"
#include "base/text.h"
#include "pipelines/recipes/rows.h"
#include "shape/program/syntax.h"
#include "tensor/device.h"
#include "work/work_folder.h"

namespace ptah {

namespace fs = std::filesystem;

const std::vector<Recipe>& recipes() {
  static const std::vector<Recipe> table{create_recipe(), object_recipe(),  paint_recipe(),   text_recipe(),     upscale_recipe(), shape_recipe(),
                                         render_recipe(), convert_recipe(), texture_recipe(), scene_recipe(),    field_recipe(),   say_recipe(),
                                         face_recipe(),   talk_recipe(),    photo_recipe(),   contract_recipe(), emotion_recipe()};
  return table;
}

Result<const Recipe*> find_recipe(std::string_view name) {
  std::vector<std::string> known;
  for (const Recipe& recipe : recipes()) {
    if (recipe.name() == name) return &recipe;
    known.push_back(recipe.name());
  }
  return unknown_name("recipe", name, known);
}

Result<const Recipe*> recipe_of(const Json& receipt) {
  const std::string kind = text_at(receipt, "kind");
  for (const Recipe& recipe : recipes())
    if (std::find(recipe.kinds.begin(), recipe.kinds.end(), kind) != recipe.kinds.end()) return &recipe;
  return fail(ErrorCode::unsupported, "the receipt is of a '{}', which this version cannot make", kind);
}

Result<Json> read_fields(const Recipe& recipe, const Json& request) {
  return guard([&]() -> Result<Json> {
    PTAH_TRY(Json fields, recipe.schema->given(request));
    PTAH_TRY_VOID(recipe.check(fields));
    return fields;
  });
}

Result<void> check_fields(const Recipe& recipe, const Json& fields) {
  return guard([&] { return recipe.check(fields); });
}

Result<RecipeRequest> open_request(const Recipe& recipe, const Json& fields, const PictureReader& read) {
  return guard([&]() -> Result<RecipeRequest> {
    PTAH_TRY_VOID(recipe.check(fields));
    PTAH_TRY(Sources sources, recipe.open(
                                  fields, read ? read : [](const fs::path& file) { return read_image(file); }));
    return RecipeRequest{fields, std::move(sources)};
  });
}

Result<Plan> plan_recipe(const Recipe& recipe, ModelCache& models, const RecipeRequest& request, int64_t budget_bytes, const CancelToken* cancel) {
  const CancelToken* const token = cancel ? cancel : current_cancel();
  auto plan = guard([&]() -> Result<Plan> {
    const CancelScope scope(token);
    stop_if_cancelled(token);
    return recipe.plan(models, request, budget_bytes);
  });
  // As of run_recipe(); and a plan that came out all the same is not what was wished any more.
  if (token && token->cancelled()) return fail(ErrorCode::cancelled, "cancelled");
  return plan;
}

Result<Work> run_recipe(const Recipe& recipe, ModelCache& models, const RecipeRequest& request, const RunOptions& options) {
  auto work = guard([&] {
    const CancelScope scope(options.cancel ? options.cancel : current_cancel());
    return recipe.run(models, request, options);
  });
  // A reader whose budget was cut short may call its file broken.
  if (!work && options.cancel && options.cancel->cancelled()) return fail(ErrorCode::cancelled, "cancelled");
  return work;
}

std::string work_name(const Recipe& recipe, const Json& fields) {
  const std::string text = text_at(fields, recipe.named_after);
  if (std::string_view(recipe.named_after) == "program") {
    const auto program = parse_shape(text);
    return folder_name(program ? program->name : "shape");
  }
  if (std::string_view(recipe.named_after) == "prompt" && text.empty()) return folder_name(recipe.name());
  if (std::string_view(recipe.named_after) == "text") return folder_name(beginning(text, 200));
  if (std::string_view(recipe.named_after) != "prompt") return folder_name(fs::path(text).stem().string());
  const Json seed = fields.value("seed", Json(0));
  return fmt::format("{}-{}", folder_name(text), seed.is_string() ? seed.get<std::string>() : seed.dump());
}

Result<Work> replay_receipt(ModelCache& models, const Json& receipt, const Sources& sources, const fs::path& checkpoints, const RunOptions& options) {
  return guard([&]() -> Result<Work> {
    PTAH_TRY(const Recipe* recipe, recipe_of(receipt));
    const CancelScope scope(options.cancel ? options.cancel : current_cancel());
    PTAH_TRY(const int version, arithmetic_of(receipt));
    const ArithmeticScope arithmetic(version);
    return recipe->replay(models, receipt, sources, checkpoints.empty() ? fs::path(environment("PTAH_CHECKPOINTS")) : checkpoints, options);
  });
}

Result<Replayed> replay_path(ModelCache& models, const fs::path& path, const fs::path& checkpoints, const RunOptions& options) {
  PTAH_TRY(const Json receipt, read_receipt(path));
  PTAH_TRY_VOID(match_numeric_path(receipt));
  PTAH_TRY(const Sources sources, read_sources(receipt, path));
  // What was made of a mesh has it beside it.
  const fs::path folder = receipt.contains("source") ? fs::absolute(folder_of_work(path)) : checkpoints;
  PTAH_TRY(Work work, replay_receipt(models, receipt, sources, folder, options));
  return Replayed{receipt, std::move(work)};
}

}  // namespace ptah
