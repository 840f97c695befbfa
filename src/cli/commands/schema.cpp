// ptah schema: what a request consists of, for other programs and for the reference.
#include "cli/commands/commands.h"
#include "pipelines/schemas.h"

namespace ptah::cli {

void add_schema(CLI::App& app, Action& action) {
  struct Options {
    std::string name;
    bool reference = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("schema", "print the JSON Schema of a request");
  command->add_option("request", options->name, "create, object, paint, generate, upscale or edges; none: all, by their names");
  command->add_flag("--reference", options->reference, "a page in Markdown with all requests instead (docs/requests.md)");
  command->callback([options, &action] {
    action = [options] {
      return finish(guard([&]() -> Result<void> {
        if (options->reference) {
          print_text(reference_page(request_schemas()));
          return {};
        }
        Json out = Json::object();
        if (options->name.empty()) {
          for (const Schema* schema : request_schemas()) out[schema->name()] = schema->json_schema();
        } else {
          PTAH_TRY(const Schema* schema, request_schema(options->name));
          out = schema->json_schema();
        }
        print_text(out.dump(2) + "\n");
        return {};
      }));
    };
  });
}

}  // namespace ptah::cli
