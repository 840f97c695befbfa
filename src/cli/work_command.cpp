#include "cli/work_command.h"

namespace ptah::cli {

void add_work_options(CLI::App& command, const Schema& schema, WorkOptions& options, RequestOptions::Reader read) {
  if (!read) read = [](const std::string& file) { return input_text(file); };
  options.fields = std::make_shared<RequestOptions>(command, schema, std::move(read));
  command.add_option("--out", options.out, "folder of the work (default: a new one, ptah-works/NAME)");
  add_replace_option(command, options.replace);
  command.add_flag("--quiet", options.quiet, "print nothing but errors");
  command.add_flag("--json", options.json, "print one JSON object a line: progress, notes, works");
  add_signing_options(command, options.signing);
}

void add_budget_option(CLI::App& command, WorkOptions& options) { command.add_option("--budget", options.budget, "most memory to use, e.g. 600M"); }

void add_threads_option(CLI::App& command, WorkOptions& options) { command.add_option("--threads", options.threads, kThreadsHelp); }

Result<void> make_work(const std::string& recipe_name, const Json& given, const WorkOptions& options, ModelCache& models) {
  PTAH_TRY_VOID(take_threads(options.threads));
  PTAH_TRY(const int64_t budget, parse_bytes(options.budget));
  PTAH_TRY(const Recipe* recipe, find_recipe(recipe_name));
  PTAH_TRY_VOID(check_fields(*recipe, given));
  const auto place = place_of_work(options.out, work_name(*recipe, given), false, options.replace);
  PTAH_TRY_VOID(check_place(place, options.out));
  PTAH_TRY(const RecipeRequest request, open_request(*recipe, given, input_picture));
  PTAH_TRY(const auto key, signing_key(options.signing));
  RunOptions how = run_options(options.json, options.quiet);
  how.budget_bytes = budget;
  PTAH_TRY(const Work work, run_recipe(*recipe, models, request, how));
  return deliver(work, key, place, options.json, options.quiet);
}

void add_recipe_command(CLI::App& parent, const std::string& name, const std::string& recipe, const Schema& schema, Action& action) {
  auto options = std::make_shared<WorkOptions>();
  CLI::App* command = parent.add_subcommand(name, schema.summary());
  add_work_options(*command, schema, *options);
  add_threads_option(*command, *options);
  add_budget_option(*command, *options);
  command->callback([options, recipe, &action] {
    action = [options, recipe] {
      const auto run = [&]() -> Result<void> {
        PTAH_TRY(const Json given, options->fields->given());
        ModelCache models;
        return make_work(recipe, given, *options, models);
      };
      return finish(guard(run));
    };
  });
}

}  // namespace ptah::cli
