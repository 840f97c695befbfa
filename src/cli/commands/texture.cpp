#include "cli/work_command.h"
#include "pipelines/texturing/texture_work.h"
#include "shape/texture/words.h"

namespace ptah::cli {

namespace {

struct TextureOptionsLine : WorkOptions {
  bool list = false;
};

void print_words(bool json) {
  if (json) return print_json({{"materials", material_words()}, {"words", texture_words()}});
  print("Materials: {}\n", fmt::format("{}", fmt::join(material_words(), " ")));
  print("All words: {}\n", fmt::format("{}", fmt::join(texture_words(), " ")));
}

Result<void> run_texture_command(const TextureOptionsLine& o) {
  if (o.list) {
    print_words(o.json);
    return {};
  }
  PTAH_TRY(const Json given, o.fields->given());
  ModelCache models;
  return make_work("texture", given, o, models);
}

}  // namespace

void add_texture(CLI::App& app, Action& action) {
  auto options = std::make_shared<TextureOptionsLine>();
  CLI::App* command = app.add_subcommand(texture_schema().name(), texture_schema().summary());
  command->add_flag("--list", options->list, "print the materials and all words that are known");
  add_work_options(*command, texture_schema(), *options);
  for (const char* field : {"mesh", "material"}) command->get_option(field)->required(false);  // the list needs neither; the recipe asks for them
  add_budget_option(*command, *options);
  command->callback([options, &action] { action = [options] { return finish(guard([&] { return run_texture_command(*options); })); }; });
}

}  // namespace ptah::cli
