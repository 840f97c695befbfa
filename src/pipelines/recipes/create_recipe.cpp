#include <algorithm>

#include "models/registry.h"
#include "pipelines/create.h"
#include "pipelines/recipes/rows.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

/// Whether the picture is painted by a checkpoint of the Stable Diffusion family, and not drawn by a model of `ptah train`.
bool paints(const Json& given) {
  const std::string model = text_at(given, "model");
  return !model.empty() && picture_model_file(model).empty();
}

/// What `paint` is asked then: what was not asked for is as it has it. Errors: invalid_argument.
Result<Json> paint_fields(const Json& given) {
  PTAH_TRY(const CreateTask task, create_schema().request(given));
  PTAH_TRY_VOID(create_schema().check_needs(given));
  for (const char* only : {"style", "best_of", "route", "picture"})
    if (given.contains(only)) return fail_field(only, ErrorCode::invalid_argument, "`{}` is of the model that comes along; not with `model`", only);
  PTAH_TRY_VOID(check_background(task.request.background));
  const CreateRequest& r = task.request;
  Json out{{"cut", r.background},
           {"solid", r.solid},
           {"target_triangles", r.target_triangles},
           {"size_mm", r.size_mm > 0 ? r.size_mm : 100},
           {"height_mm", r.height_mm},
           {"millimetres", r.millimetres},
           {"watermark", r.watermark}};
  for (const char* same : {"prompt", "seed", "steps", "guidance", "sampler", "model", "from", "mask"})
    if (given.contains(same)) out[same] = given[same];
  if (given.contains("size")) out["width"] = out["height"] = r.size;
  if (!task.from.empty()) out["strength"] = given.contains("strength") || task.mask.empty() ? r.strength : 1.0F;
  Formats formats = task.formats;
  if (!r.object) formats.glb = formats.obj = formats.ply = formats.stl = false;
  out["formats"] = text_of(formats);
  return out;
}

/// The request that `paint` gets.
Result<RecipeRequest> painted(const RecipeRequest& asked) {
  PTAH_TRY(Json fields, paint_fields(asked.fields));
  return RecipeRequest{std::move(fields), asked.sources};
}

Result<CreateTask> create_task(const Json& given) {
  PTAH_TRY(CreateTask task, create_schema().complete(given));
  if (!task.request.object) task.formats.glb = task.formats.obj = task.formats.ply = task.formats.stl = false;
  return task;
}

/// The model, and the request in a style that it knows.
Result<std::shared_ptr<const PictureModel>> model_of(ModelCache& models, const Json& given, CreateTask& task) {
  PTAH_TRY(const auto model, models.picture(task.model));
  if (!task.model.empty() && !given.contains("style")) {
    const auto& styles = model->styles();
    if (std::find(styles.begin(), styles.end(), task.request.style) == styles.end())
      task.request.style = styles.empty() || styles.front() == kOwnStyle ? "any" : styles.front();
  }
  return model;
}

/// Whether an object is to be made that a shape program could make.
bool may_be_program(const CreateTask& task) {
  const CreateRequest& r = task.request;
  return r.route == "program" || r.picture == "object" ||
         (r.route == "auto" && r.solid == "round" && r.object && task.formats.any_object() && task.from.empty());
}

/// What the writer of shape programs takes with the encoder of its sentences: their files, and as much again for what is dequantized of them; 0 without them.
Result<int64_t> writer_bytes(ModelCache& models) {
  fs::path folder = models.given_folder();
  if (folder.empty()) {
    PTAH_TRY(folder, models_folder());
  }
  int64_t out = 0;
  for (const char* name : {"minilm", "shape-writer"})
    if (const auto model = shipped_model(folder, name)) out += 2 * model->bytes;
  return out;
}

/// What makes the object. Errors: not_found if it has to be a program and the library has no such kind.
Result<ObjectRoute> route_of(ModelCache& models, const CreateTask& task, const RunOptions& options) {
  if (!may_be_program(task)) return ObjectRoute{};
  const auto note = [&](const std::string& text) {
    if (options.note) options.note(text);
  };
  const auto maker = models.shape_maker();
  if (!maker && task.request.route == "auto" && maker.error().code == ErrorCode::not_found) {
    // Without the library nothing would ever be a program, and nobody would know why.
    PTAH_TRY(const int64_t writer, writer_bytes(models));
    if (const auto library = ShapeKinds::folder(); writer > 0 && !library)
      return fail(ErrorCode::not_found, "{}; or let the object be made of the picture (`route` picture)", library.error().message);
    note("the writer of shape programs is not among the models; the object is made of the picture");
    return ObjectRoute{};
  }
  PTAH_TRY_VOID(maker);
  PTAH_TRY(const WrittenShape shape, (*maker)->read(task.request.prompt, options.cancel));
  for (const std::string& text : shape.notes) note(text);
  if (shape.known()) return ObjectRoute{shape_text((*maker)->program(shape, task.request.prompt, task.request.seed)), (*maker)->digests()};
  if (task.request.picture == "object")
    return fail_field("picture", ErrorCode::not_found, "`picture` object: no kind of the library of shapes is what the prompt asks for");
  if (task.request.route == "program")
    return fail_field("route", ErrorCode::not_found, "`route` program: no kind of the library of shapes is what the prompt asks for");
  note("no shape program is known for this; the object is made of the picture");
  return ObjectRoute{};
}

Result<void> check_create(const Json& given) {
  if (paints(given)) {
    PTAH_TRY(const Json fields, paint_fields(given));
    return paint_recipe().check(fields);
  }
  PTAH_TRY(const CreateTask task, create_task(given));
  if (task.request.route == "program" && !task.from.empty())
    return fail_field("route", ErrorCode::invalid_argument, "`route` program makes the object of the prompt alone; not with `from`");
  if (task.request.picture == "object" && (!task.from.empty() || task.request.route == "picture"))
    return fail_field("picture", ErrorCode::invalid_argument,
                      "`picture` object needs an object that a shape program makes; not with `from`, nor `route` picture");
  return {};
}

Result<Sources> open_create(const Json& given, const PictureReader& read) { return read_sources(text_at(given, "from"), text_at(given, "mask"), read); }

Result<Plan> plan_create(ModelCache& models, const RecipeRequest& asked, int64_t budget_bytes) {
  if (paints(asked.fields)) {
    PTAH_TRY(const RecipeRequest request, painted(asked));
    return paint_recipe().plan(models, request, budget_bytes);
  }
  PTAH_TRY(CreateTask task, create_task(asked.fields));
  PTAH_TRY(const auto model, model_of(models, asked.fields, task));
  PTAH_TRY(Plan plan, plan_work(*model, task.request, asked.sources));
  if (may_be_program(task)) {
    PTAH_TRY(const int64_t writer, writer_bytes(models));
    plan.weight_bytes += writer;
    plan.peak_bytes += writer;
  }
  PTAH_TRY_VOID(check_budget(*model, task.request, asked.sources, plan, budget_bytes));
  return plan;
}

Result<Work> run_create(ModelCache& models, const RecipeRequest& asked, const RunOptions& options) {
  if (paints(asked.fields)) {
    PTAH_TRY(const RecipeRequest request, painted(asked));
    return paint_recipe().run(models, request, options);
  }
  PTAH_TRY(CreateTask task, create_task(asked.fields));
  PTAH_TRY(const auto model, model_of(models, asked.fields, task));
  if (options.budget_bytes > 0) PTAH_TRY_VOID(plan_create(models, asked, options.budget_bytes));
  PTAH_TRY(const ObjectRoute route, route_of(models, task, options));
  if (options.note) {
    if (!shows_object(task.request, *model, route)) {
      for (const std::string& note : model->unknown_words(task.request.prompt)) options.note(note);
    } else {
      for (const char* only : {"best_of", "steps", "guidance", "sampler"})
        if (asked.fields.contains(only)) options.note(fmt::format("the picture shows the object; `{}` is of pictures that are drawn (`picture` drawn)", only));
    }
  }
  return create_work(*model, task.request, task.formats, asked.sources, route, options.progress, options.cancel);
}

Result<Work> replay_create(ModelCache& models, const Json& receipt, const Sources& sources, const fs::path& checkpoints, const RunOptions& options) {
  PTAH_TRY(const fs::path file, model_file_of(receipt, checkpoints));
  PTAH_TRY(const auto model, models.picture(file));
  return replay_work(*model, receipt, sources, options.progress, options.cancel);
}

}  // namespace

Recipe create_recipe() {
  return {.schema = &create_schema(),
          .kinds = {"picture and object", "picture"},
          .named_after = "prompt",
          .check = check_create,
          .open = open_create,
          .plan = plan_create,
          .run = run_create,
          .replay = replay_create};
}

}  // namespace ptah
