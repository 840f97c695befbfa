// `ptah completion`: what bash completes, from the commands as they are.
#include "cli/commands/commands.h"

namespace ptah::cli {

namespace {

/// Names of subcommands and options, blanks between.
std::string words_of(const CLI::App& app) {
  std::string words;
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) words += sub->get_name() + " ";
  for (const CLI::Option* option : app.get_options())
    for (const std::string& name : option->get_lnames()) words += "--" + name + " ";
  if (!words.empty()) words.pop_back();
  return words;
}

/// One line of the script's `case` for each command, deepest first.
void print_cases(const CLI::App& app, const std::string& path) {
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) print_cases(*sub, path + "/" + sub->get_name());
  fmt::print("    {}) words='{}' ;;\n", path.empty() ? "''" : path, words_of(app));
}

/// The commands that have commands of their own, as paths.
std::string parents_of(const CLI::App& app) {
  std::string out;
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; }))
    if (!sub->get_subcommands([](const CLI::App*) { return true; }).empty()) out += (out.empty() ? "/" : " /") + sub->get_name();
  return out;
}

}  // namespace

void add_completion(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("completion", "print the completion script for bash");
  command->callback([&app, &action] {
    action = [&app] {
      fmt::print(
          "_ptah() {{\n"
          "  local words path='' word at\n"
          "  for ((at = 1; at < COMP_CWORD; ++at)); do\n"
          "    word=${{COMP_WORDS[at]}}\n"
          "    [[ $word == -* ]] && break\n"
          "    path+=/$word\n"
          "    [[ ' {} ' == *\" $path \"* ]] || break\n"
          "  done\n"
          "  case $path in\n",
          parents_of(app));
      print_cases(app, "");
      fmt::print(
          "    *) words='' ;;\n"
          "  esac\n"
          "  COMPREPLY=($(compgen -W \"$words\" -- \"${{COMP_WORDS[COMP_CWORD]}}\"))\n"
          "}}\n"
          "complete -o default -F _ptah ptah ./ptah\n");
      return 0;
    };
  });
}

}  // namespace ptah::cli
