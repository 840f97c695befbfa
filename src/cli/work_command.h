// Commands that make one work of a request: their options, and making it.
#pragma once

#include "cli/commands/commands.h"
#include "cli/request_options.h"

namespace ptah::cli {

/// What such a line says beside the request's fields.
struct WorkOptions {
  std::shared_ptr<RequestOptions> fields;
  std::string out, budget;
  int64_t threads = 0;
  bool quiet = false, json = false, replace = false;
  SigningOptions signing = {};
};

/// Adds a request's fields, --out, --replace, --quiet, --json and the options of signing. `read` reads the texts that fields name (default: files and pipes).
void add_work_options(CLI::App& command, const Schema& schema, WorkOptions& options, RequestOptions::Reader read = {});
void add_budget_option(CLI::App& command, WorkOptions& options);
void add_threads_option(CLI::App& command, WorkOptions& options);

/// Makes, signs and writes the work of a recipe. What cannot end well is refused before the work begins. Errors: those of the recipe, and as check_place().
Result<void> make_work(const std::string& recipe, const Json& given, const WorkOptions& options, ModelCache& models);
/// A command that does no more than make works of a recipe, with options for threads and memory.
void add_recipe_command(CLI::App& parent, const std::string& name, const std::string& recipe, const Schema& schema, Action& action);

}  // namespace ptah::cli
