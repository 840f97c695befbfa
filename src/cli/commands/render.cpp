#include "cli/work_command.h"
#include "pipelines/rendering/render_work.h"

namespace ptah::cli {

void add_render(CLI::App& app, Action& action) {
  auto options = std::make_shared<WorkOptions>();
  CLI::App* command = app.add_subcommand(render_schema().name(), render_schema().summary());
  add_work_options(*command, render_schema(), *options);
  add_threads_option(*command, *options);
  add_budget_option(*command, *options);
  command->callback([options, &action] {
    action = [options] {
      const auto run = [&]() -> Result<void> {
        PTAH_TRY(const Json given, options->fields->given());
        ModelCache models;
        return make_work("render", given, *options, models);
      };
      return finish(guard(run));
    };
  });
}

}  // namespace ptah::cli
