#include "cli/help_format.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.h"
#include "cli/command_table.h"

namespace ptah::cli {

namespace {

constexpr size_t kLeft = 24;  ///< where descriptions begin

size_t width_of(std::string_view text) {
  size_t width = 0;
  for (const char c : text) width += (static_cast<unsigned char>(c) & 0xC0) != 0x80;  // code points
  return width;
}

/// The text broken between words; every line behind the first begins with `indent` blanks, the first has `used` columns already.
std::string wrapped(const std::string& text, size_t indent, size_t used) {
  std::string out;
  size_t column = used;
  bool fresh = true;  // nothing of the text on this line yet
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find(' ', at), text.size());
    const std::string word = text.substr(at, end - at);
    at = end + 1;
    if (word.empty()) continue;
    if (!fresh && column + 1 + width_of(word) > kHelpColumns) {
      out += "\n" + std::string(indent, ' ');
      column = indent;
      fresh = true;
    }
    if (!fresh) out += ' ', ++column;
    out += word;
    column += width_of(word);
    fresh = false;
  }
  return out;
}

/// A name at the left, what it is at the right.
std::string row(const std::string& left, const std::string& right) {
  std::string out = "  " + left;
  const size_t used = width_of(out);
  if (used + 2 > kLeft)
    out += "\n" + std::string(kLeft, ' ');
  else
    out += std::string(kLeft - used, ' ');
  return out + wrapped(right, kLeft, kLeft) + "\n";
}

/// "INT:INT in [0 - 1000]" is a type and a range; "TEXT:{all,none}" a type and its values.
struct Type {
  std::string name, possible;
};

Type type_of(const CLI::Option& option) {
  const std::string full = option.get_type_name();
  Type out{full.substr(0, full.find(':')), ""};
  if (const size_t range = full.find(" in ["); range != std::string::npos) {
    const size_t end = full.find(']', range), dash = full.find(" - ", range);
    if (end != std::string::npos && dash != std::string::npos && dash < end)
      out.possible = fmt::format("{} to {}", full.substr(range + 5, dash - range - 5), full.substr(dash + 3, end - dash - 3));
  } else if (const size_t set = full.find(":{"); set != std::string::npos && full.find('}', set) != std::string::npos) {
    out.possible = "one of ";
    for (const char c : full.substr(set + 2, full.find('}', set) - set - 2)) out.possible += c == ',' ? std::string(", ") : std::string(1, c);
  }
  if (out.name == "INT" || out.name == "UINT") out.name = "N";
  if (out.name == "FLOAT") out.name = "X";
  return out;
}

std::string name_of(const CLI::Option& option) {
  if (option.get_positional()) {
    std::string name = option.get_name(true, false);
    for (char& c : name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return name;
  }
  std::string out = fmt::format("{}", fmt::join(CLI::detail::split(option.get_name(false, true), ','), ", "));
  if (!option.get_option_text().empty()) return out + " " + option.get_option_text();
  if (option.get_type_size() != 0) out += " " + type_of(option).name;
  return out;
}

/// What it does, what it may be and what it is if it is not given.
std::string description_of(const CLI::Option& option) {
  std::string out = option.get_description();
  const std::string possible = type_of(option).possible;
  std::string standard = option.get_type_size() == 0 || option.get_required() ? "" : option.get_default_str();
  if (standard == "[]" || standard == "{}" || standard == "\"\"" || out.find("default") != std::string::npos) standard.clear();
  std::vector<std::string> notes;
  if (option.get_required() && !option.get_positional()) notes.emplace_back("required");
  if (!possible.empty()) notes.push_back(possible);
  if (!standard.empty()) notes.push_back("default " + standard);
  return notes.empty() ? out : fmt::format("{} ({})", out, fmt::join(notes, "; "));
}

std::string usage_of(const CLI::App& app) {
  std::string out = "ptah";
  if (app.get_parent()) out = path_of(app);
  const bool commands = !app.get_subcommands([](const CLI::App*) { return true; }).empty();
  std::string with_command = out + " COMMAND …";
  if (commands && app.get_require_subcommand_min() > 0) return with_command;
  bool options = false;
  for (const CLI::Option* option : app.get_options()) {
    options = options || option->nonpositional();
    if (!option->nonpositional() || option->get_group().empty() || !option->get_required()) continue;
    out += " " + name_of(*option);
  }
  if (options) out += " [OPTIONS]";
  for (const CLI::Option* option : app.get_options()) {
    if (!option->get_positional()) continue;
    const std::string name = name_of(*option) + (option->get_expected_max() > 1 ? " …" : "");
    out += option->get_required() ? " " + name : " [" + name + "]";
  }
  return commands ? out + " or " + with_command : out;
}

std::string listed_commands(const CLI::App& app) {
  std::vector<std::string> groups;
  std::string out;
  const auto all = app.get_subcommands([](const CLI::App* sub) { return !sub->get_group().empty(); });
  for (const CLI::App* sub : all)
    if (std::find(groups.begin(), groups.end(), sub->get_group()) == groups.end()) groups.push_back(sub->get_group());
  for (const std::string& group : groups) {
    out += fmt::format("\n{}:\n", group == "Subcommands" ? "Commands" : group);
    for (const CLI::App* sub : all)
      if (sub->get_group() == group) out += row(sub->get_name(), sub->get_description());
  }
  return out;
}

std::string listed_options(const CLI::App& app) {
  std::string out, positional;
  for (const CLI::Option* option : app.get_options())
    if (option->get_positional()) positional += row(name_of(*option) + (option->get_expected_max() > 1 ? " …" : ""), description_of(*option));
  if (!positional.empty()) out += "\nArguments:\n" + positional;
  for (const std::string& group : app.get_groups()) {
    if (group.empty()) continue;
    std::string rows;
    for (const CLI::Option* option : app.get_options())
      if (option->get_group() == group && option->nonpositional() && option != app.get_help_ptr()) rows += row(name_of(*option), description_of(*option));
    if (!rows.empty()) out += fmt::format("\n{}:\n{}", group, rows);
  }
  return out;
}

}  // namespace

std::string path_of(const CLI::App& app) { return app.get_parent() ? path_of(*app.get_parent()) + " " + app.get_name() : app.get_name(); }

std::string HelpFormat::make_help(const CLI::App* app, std::string, CLI::AppFormatMode) const {
  const bool top = app->get_parent() == nullptr;
  const std::string path = top ? "" : path_of(*app).substr(5);  // without "ptah "
  std::string out = wrapped(app->get_description(), 0, 0) + "\n\nUsage: " + wrapped(usage_of(*app), 9, 7) + "\n";
  out += listed_commands(*app) + listed_options(*app);
  if (const std::string examples = top ? "" : examples_of(path); !examples.empty()) {
    out += "\nExamples:\n";
    for (const std::string& line : lines_of(examples)) out += "  " + line + "\n";
  }
  if (const std::string footer = app->get_footer(); !footer.empty()) out += "\n" + wrapped(footer, 0, 0) + "\n";
  return out;
}

}  // namespace ptah::cli
