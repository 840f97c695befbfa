#include "cli/work_command.h"
#include "pipelines/rendering/render_work.h"
#include "pipelines/scene/scene_work.h"

namespace ptah::cli {

void add_render(CLI::App& app, Action& action) { add_recipe_command(app, render_schema().name(), "render", render_schema(), action); }

namespace {

namespace fs = std::filesystem;

struct SceneOptionsLine : WorkOptions {
  bool print = false;
};

/// Where a scene's file, or a work's folder, stands in place of a sentence: its text.
Result<void> take_file(Json& given) {
  const std::string text = text_at(given, "prompt");
  std::error_code problem;
  fs::path file = text;
  if (text.size() > 1024 || text.find('\n') != std::string::npos) return {};
  if (fs::is_directory(file, problem) && fs::exists(file / "scene.json", problem)) file /= "scene.json";
  if (!file.has_extension()) return {};
  if (file.extension() != ".json") {
    if (!fs::exists(file, problem)) return {};  // a sentence
    return fail(ErrorCode::unsupported, "{} is a file; a scene is made of a sentence, or of a scene's JSON", text);
  }
  if (!fs::is_regular_file(file, problem)) return fail(ErrorCode::not_found, "{}: no such file", text);
  PTAH_TRY(given["program"], read_text(file, kMaxSceneBytes));
  given.erase("prompt");
  return {};
}

Result<void> run_scene_command(const SceneOptionsLine& o) {
  PTAH_TRY(Json given, o.fields->given());
  PTAH_TRY_VOID(take_file(given));
  ModelCache models;
  if (!o.print) return make_work("scene", given, o, models);
  PTAH_TRY(const SceneTaskRequest task, scene_schema().complete(given));
  PTAH_TRY(const auto library, models.scene_library());
  PTAH_TRY(const ReadyScene ready, ready_scene(*library, task, {}, &interrupted()));
  print_text(scene_json(ready.program).dump(1) + "\n");
  return {};
}

}  // namespace

void add_scene(CLI::App& app, Action& action) {
  auto options = std::make_shared<SceneOptionsLine>();
  CLI::App* command = app.add_subcommand(scene_schema().name(), scene_schema().summary());
  add_work_options(*command, scene_schema(), *options, [](const std::string& file) { return input_text(file, kMaxSceneBytes); });
  add_budget_option(*command, *options);
  command->add_flag("--print", options->print, "print the scene's program with all places, and make nothing");
  command->callback([options, &action] { action = [options] { return finish(guard([&] { return run_scene_command(*options); })); }; });
}

}  // namespace ptah::cli
