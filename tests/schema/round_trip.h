// A request with every field off its default, and the way of a printed command back to a request: through a shell and the command line's own options.
#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

#include "base/file.h"
#include "cli/request_options.h"

namespace ptah::test {

/// A value that a field may have and that is not its default. Texts are as awkward as the field lets them be.
inline Json other_value(const SchemaField& field) {
  const Range& r = field.range;
  const auto number = [&](double step) {
    const double low = std::isfinite(r.min) ? r.min : 0;
    for (const double out : {low + step, low + 2 * step})
      if (out <= r.max && !(field.default_value.is_number() && out == field.default_value.get<double>())) return out;
    return low;
  };
  const std::string text = field.one_line ? "it's --a \"fox\" $HOME `x` *" : "it's\n--a \"fox\"\t$HOME \\n `x` \xE2\x80\xAE*";
  switch (field.kind) {
    case FieldKind::boolean:
      return !field.default_value.get<bool>();
    case FieldKind::seed:
      return exact_json(UINT64_MAX);
    case FieldKind::integer:
      return static_cast<int64_t>(number(static_cast<double>(r.multiple_of)));
    case FieldKind::number:
      return static_cast<float>(number(std::isfinite(r.max) ? (r.max - r.min) * 0.37 : 0.37));
    case FieldKind::text:
      if (std::string(field.name) == "formats") return "png,stl";
      if (std::string(field.name) == "palette") return "#12ab9f,#000000";
      if (std::string(field.name) == "split") return "200,180.5,150";
      if (*field.pattern) return "#12ab9F";
      for (const std::string& choice : field.choices)
        if (Json(choice) != field.default_value) return choice;
      return text;
    case FieldKind::texts:
      return {"-one", text, ""};
    case FieldKind::file:
      return "-odd name's.png";
    case FieldKind::files:
      return {"-a.png", "b c.png"};
    case FieldKind::weighted_files:
      return {{{"file", "a:b.safetensors"}, {"strength", 0.7F}}, {{"file", "c"}, {"strength", 1.0F}}};
  }
  return nullptr;
}

inline Json other_values(const Schema& schema) {
  Json out = Json::object();
  for (const SchemaField& field : schema.fields()) out[field.name] = other_value(field);
  return out;
}

/// The arguments that a shell makes of a command; of a process substitution, a file that holds what it gives.
inline std::vector<std::string> arguments_of(const std::string& command, const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  const auto script = folder / "script", out = folder / "arguments";
  std::ofstream(script) << "n=0\nptah() { for a in \"$@\"; do case $a in /dev/fd/*) n=$((n + 1)); cat \"$a\" >'" << folder.string() << "/text'$n; a='"
                        << folder.string() << "/text'$n;; esac; printf '%s\\0' \"$a\"; done; }\n"
                        << command << "\n";
  EXPECT_EQ(std::system(("bash " + script.string() + " >" + out.string()).c_str()), 0) << command;
  const Bytes bytes = value_or_throw(read_file(out));
  std::vector<std::string> arguments;
  for (auto at = bytes.begin(); at != bytes.end();) {
    const auto end = std::find(at, bytes.end(), uint8_t{0});
    arguments.emplace_back(at, end);
    at = end + 1;
  }
  return arguments;
}

/// The values that a line gives, as the command of this schema reads it.
inline Json given_by(const Schema& schema, std::vector<std::string> arguments) {
  CLI::App app("test", "ptah");
  CLI::App* command = app.add_subcommand(schema.name(), schema.summary());
  const cli::RequestOptions options(*command, schema, [](const std::string& file) { return read_text(file); });
  std::reverse(arguments.begin(), arguments.end());
  try {
    for (CLI::Option* option : command->get_options())
      if (!option->get_positional() && option->get_allow_extra_args()) option->allow_extra_args(false);
    app.parse(arguments);
  } catch (const CLI::ParseError& problem) {
    ADD_FAILURE() << problem.what();
  }
  return value_or_throw(options.given());
}

/// Whether a printed command, read again, gives the request that it was printed of. A file that begins with - is read as ./-.
template <class R>
void expect_same_by_command(const SchemaOf<R>& schema, const R& request, const std::string& command) {
  const auto folder = std::filesystem::temp_directory_path() / fmt::format("ptah-round-trip-{}-{}", schema.name(), ::getpid());
  EXPECT_EQ(command.find('\n'), std::string::npos) << command;
  auto read = schema.complete(given_by(schema, arguments_of(command, folder)));
  std::filesystem::remove_all(folder);
  ASSERT_TRUE(read) << read.error().message << "\n" << command;
  Json then = schema.values(*read), before = schema.values(request);
  for (Json* values : {&then, &before})
    for (const SchemaField& field : schema.fields())
      for (Json* file : field.kind == FieldKind::file ? std::vector{&(*values)[field.name]} : std::vector<Json*>())
        if (file->get<std::string>().starts_with("./-")) *file = file->get<std::string>().substr(2);
  for (const SchemaField& field : schema.fields())
    if (field.kind == FieldKind::files)
      for (Json& file : then[field.name])
        if (file.get<std::string>().starts_with("./-")) file = file.get<std::string>().substr(2);
  EXPECT_EQ(then, before) << command;
}

}  // namespace ptah::test
