#include "cli/command_line.h"

#include "base/text.h"
#include "cli/help_format.h"
#include "cli/seed_option.h"

namespace ptah::cli {

namespace {

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

std::vector<std::string> names_of(const std::vector<const CLI::App*>& commands) {
  std::vector<std::string> names;
  names.reserve(commands.size());
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

/// Whether a command takes words of its own beside its subcommands: "ptah plan fox", "ptah plan chat".
bool takes_words(const CLI::App& app) {
  const auto options = app.get_options();
  return std::any_of(options.begin(), options.end(), [](const CLI::Option* option) { return option->get_positional(); });
}

std::string suggestion(const std::string& word, const std::vector<std::string>& candidates, const std::string& without = "") {
  const std::string meant = did_you_mean(word, candidates);
  return meant.empty() ? without : fmt::format("; did you mean {}?", meant);
}

Result<std::string> help_text(const CLI::App& app, const std::vector<std::string>& path) {
  const CLI::App* at = &app;
  for (const std::string& name : path) {
    const CLI::App* next = command_named(*at, name);
    if (!next)
      return fail(ErrorCode::invalid_argument, "{} has no command '{}'{}", path_of(*at), printable(name, 80), suggestion(name, names_of(commands_of(*at))));
    at = next;
  }
  return at->get_formatter()->make_help(at, "", CLI::AppFormatMode::Normal);  // App::help() would give that of the command that runs
}

}  // namespace

void add_seed_option(CLI::App& command, uint64_t& seed, const std::string& help) {
  add_seed_option(
      command, [&seed](uint64_t chosen) { seed = chosen; }, help + "; 0 to 2^64 − 1, or -1 for a random one");
  command.get_option("--seed")->default_str(std::to_string(seed));
}

void one_value_an_occurrence(CLI::App& app) {
  for (CLI::Option* option : app.get_options())
    if (!option->get_positional() && option->get_allow_extra_args()) option->allow_extra_args(false);
  for (CLI::App* command : app.get_subcommands([](CLI::App*) { return true; })) one_value_an_occurrence(*command);
}

void add_help(CLI::App& app, Action& action) {
  auto path = std::make_shared<std::vector<std::string>>();
  CLI::App* help = app.add_subcommand("help", "explain a command");
  help->add_option("command", *path, "the command, e.g. create, or key new");
  help->callback([&app, path, &action] {
    action = [&app, path] {
      const auto text = help_text(app, *path);
      if (!text) return report(text.error());
      print_text(*text);
      return 0;
    };
  });
}

void add_version(CLI::App& app, Action& action) {
  app.add_subcommand("version", "print the version of this program")->callback([&app, &action] {
    action = [&app] {
      print("{}\n", app.version());
      return 0;
    };
  });
}

namespace {

/// Options that had another name before; the old ones work as long as they stand here.
struct Renamed {
  const char *command, *before, *now;
};
constexpr Renamed kRenamed[] = {
    {"paint", "--seamless", "--tileable"},
    {"paint", "--t5-words", "--t5-tokenizer"},
};

}  // namespace

std::vector<std::string> with_new_names(std::vector<std::string> arguments) {
  if (arguments.empty()) return arguments;
  for (std::string& word : arguments) {
    if (word == "--") break;
    for (const Renamed& one : kRenamed)
      if (arguments.front() == one.command && (word == one.before || word.starts_with(one.before + std::string("="))))
        word.replace(0, std::string_view(one.before).size(), one.now);
  }
  return arguments;
}

std::string explain(const CLI::App& app, const CLI::ParseError& problem, const std::vector<std::string>& arguments) {
  const CLI::App* at = &app;
  for (size_t i = 0; i < arguments.size() && arguments[i] != "--"; ++i) {
    const std::string& word = arguments[i];
    if (word.size() > 1 && word[0] == '-') {
      const std::string name = word.substr(0, word.find('='));
      const CLI::Option* option = at->get_option_no_throw(name);
      if (!option)
        return fmt::format("{} has no option {}{}{} `{} --help` lists what there is", path_of(*at), printable(name, 80),
                           suggestion(name, options_of(*at), word[1] == '-' ? ";" : ""), word[1] == '-' ? "" : " (a text that begins with - goes behind --);",
                           path_of(*at));
      if (option->get_items_expected_max() > 0 && name.size() == word.size()) ++i;
      continue;
    }
    const auto commands = commands_of(*at);
    if (commands.empty()) continue;
    const CLI::App* next = command_named(*at, word);
    if (!next && takes_words(*at)) continue;
    if (!next)
      return fmt::format("{} has no command '{}'{} `{} --help` lists what there is", path_of(*at), printable(word, 80),
                         suggestion(word, names_of(commands), ";"), path_of(*at));
    at = next;
  }
  return fmt::format("{}; `{} --help` lists what there is", printable(problem.what()), path_of(*at));
}

}  // namespace ptah::cli
