#include "cli/command_line.h"

#include "base/seed.h"
#include "base/text.h"

namespace ptah::cli {

namespace {

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

std::vector<std::string> names_of(const std::vector<const CLI::App*>& commands) {
  std::vector<std::string> names;
  for (const CLI::App* command : commands) names.push_back(command->get_name());
  return names;
}

const CLI::App* command_named(const CLI::App& app, const std::string& name) {
  for (const CLI::App* command : commands_of(app))
    if (command->get_name() == name) return command;
  return nullptr;
}

std::vector<std::string> options_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options())
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  return names;
}

/// "ptah memory add"
std::string path_of(const CLI::App& app) { return app.get_parent() ? path_of(*app.get_parent()) + " " + app.get_name() : app.get_name(); }

std::string suggestion(const std::string& word, const std::vector<std::string>& candidates) {
  const std::string meant = did_you_mean(word, candidates);
  return meant.empty() ? "" : fmt::format("; did you mean {}?", meant);
}

Result<std::string> help_of(const CLI::App& app, const std::vector<std::string>& path) {
  const CLI::App* at = &app;
  for (const std::string& name : path) {
    const CLI::App* next = command_named(*at, name);
    if (!next)
      return fail(ErrorCode::invalid_argument, "{} has no command '{}'{}", path_of(*at), printable(name, 80), suggestion(name, names_of(commands_of(*at))));
    at = next;
  }
  return at->help();
}

}  // namespace

void add_seed_option(CLI::App& command, uint64_t& seed, const std::string& help) {
  auto random = std::make_shared<bool>(false);
  command.add_option_function<std::string>(
      "--seed",
      [&seed, random](const std::string& text) {
        const auto chosen = parse_seed(text);
        if (!chosen) throw CLI::ValidationError("--seed", chosen.error().message);
        seed = chosen->value;
        *random = chosen->random;
      },
      help + "; -1 takes a random one");
  command.parse_complete_callback([&command, &seed, random] {
    const CLI::Option* quiet = command.get_option_no_throw("--quiet");
    if (*random && (!quiet || quiet->count() == 0)) print_error("seed {}\n", seed);
  });
}

void one_value_an_occurrence(CLI::App& app) {
  for (CLI::Option* option : app.get_options())
    if (!option->get_positional() && option->get_allow_extra_args()) option->allow_extra_args(false);
  for (CLI::App* command : app.get_subcommands([](CLI::App*) { return true; })) one_value_an_occurrence(*command);
}

void add_help(CLI::App& app, Action& action) {
  auto path = std::make_shared<std::vector<std::string>>();
  CLI::App* help = app.add_subcommand("help", "what a command does and takes");
  help->add_option("command", *path, "the command, e.g. create, or memory add");
  help->callback([&app, path, &action] {
    action = [&app, path] {
      const auto text = help_of(app, *path);
      if (!text) return report(text.error());
      print_text(*text);
      return 0;
    };
  });
  app.add_subcommand("version", "the version of this program")->callback([&app, &action] {
    action = [&app] {
      print("{}\n", app.version());
      return 0;
    };
  });
}

std::string explain(const CLI::App& app, const CLI::ParseError& problem, const std::vector<std::string>& arguments) {
  const CLI::App* at = &app;
  for (size_t i = 0; i < arguments.size() && arguments[i] != "--"; ++i) {
    const std::string& word = arguments[i];
    if (word.size() > 1 && word[0] == '-') {
      const std::string name = word.substr(0, word.find('='));
      const CLI::Option* option = at->get_option_no_throw(name);
      if (!option)
        return fmt::format("{} has no option {}{}{} `{} --help` lists what there is", path_of(*at), printable(name, 80), suggestion(name, options_of(*at)),
                           word[1] == '-' ? "" : " (a text that begins with - goes behind --);", path_of(*at));
      if (option->get_items_expected_max() > 0 && name.size() == word.size()) ++i;
      continue;
    }
    const auto commands = commands_of(*at);
    if (commands.empty()) continue;
    const CLI::App* next = command_named(*at, word);
    if (!next)
      return fmt::format("{} has no command '{}'{} `{} --help` lists what there is", path_of(*at), printable(word, 80), suggestion(word, names_of(commands)),
                         path_of(*at));
    at = next;
  }
  return fmt::format("{}; `{} --help` lists what there is", printable(problem.what()), path_of(*at));
}

}  // namespace ptah::cli
