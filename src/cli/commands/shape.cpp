#include "cli/command_line.h"
#include "cli/work_command.h"
#include "pipelines/mesh/object_file.h"
#include "pipelines/shape/shape_work.h"

namespace ptah::cli {

namespace {

struct ShapeOptionsLine : WorkOptions {
  std::string prompt;
  uint64_t seed = 0;
  bool parameters = false, list = false, print = false;
};

std::string text_of_value(const ShapeValue& value) {
  if (value.kind == ShapeValue::Kind::number) return shape_number(value.number);
  if (value.kind == ShapeValue::Kind::boolean) return value.number != 0 ? "true" : "false";
  return value.word;
}

/// What can be set, a line each.
Result<void> print_parameters(const std::string& text, bool json) {
  PTAH_TRY(const ShapeProgram program, parse_shape(text));
  PTAH_TRY(const auto parameters, shape_parameters(program));
  Json list = Json::array();
  for (const ShapeParameter& p : parameters) {
    std::string possible;
    if (p.low < p.high) possible = fmt::format("{} to {}", shape_number(p.low), shape_number(p.high));
    if (!p.choices.empty() && p.choices.size() <= 12) possible = fmt::format("{}", fmt::join(p.choices, " "));
    if (p.choices.size() > 12) possible = fmt::format("{} … ({} words)", fmt::join(p.choices.begin(), p.choices.begin() + 4, " "), p.choices.size());
    if (!json) print("{:16} {:12} {}{}{}\n", p.name, text_of_value(p.value), possible, possible.empty() || p.note.empty() ? "" : "; ", p.note);
    Json entry{{"name", p.name}, {"default", text_of_value(p.value)}, {"note", p.note}};
    if (p.low < p.high) entry["range"] = {p.low, p.high};
    if (!p.choices.empty()) entry["choices"] = p.choices;
    list.push_back(entry);
  }
  if (json) print_json({{"shape", program.name}, {"title", program.title}, {"parameters", list}});
  return {};
}

/// The shapes that come along.
Result<void> print_library(bool json) {
  PTAH_TRY(const auto folder, ShapeKinds::folder());
  PTAH_TRY(const auto kinds, ShapeKinds::load(folder));
  Json list = Json::array();
  for (const auto& [name, kind] : kinds->kinds()) {
    list.push_back({{"name", name}, {"title", kind.program->title}, {"file", shown_path(folder / (name + ".shape"))}});
    if (!json) print("{:20} {}\n", name, kind.program->title);
  }
  if (json) print_json({{"shapes", list}});
  return {};
}

/// The program that a prompt asks for. Errors: not_found.
Result<std::string> written(const ShapeOptionsLine& o, ModelCache& models) {
  PTAH_TRY(const auto maker, models.shape_maker());
  PTAH_TRY(const WrittenShape shape, maker->read(o.prompt, &interrupted()));
  if (!shape.known())
    return fail(ErrorCode::not_found, "no kind of the library of shapes is what \"{}\" asks for (ptah shape --list)", printable(o.prompt, 80));
  const RunOptions how = run_options(o.json, o.quiet);
  for (const std::string& note : shape.notes)
    if (how.note) how.note(note);
  return shape_text(maker->program(shape, o.prompt, o.seed));
}

Result<void> run_shape_command(const ShapeOptionsLine& o) {
  if (o.list) return print_library(o.json);
  ModelCache models;
  PTAH_TRY(Json given, o.fields->given());
  if (given.contains("program") == !o.prompt.empty()) return fail(ErrorCode::invalid_argument, "name a shape, its file, or say --prompt what it is");
  if (!o.prompt.empty()) {
    PTAH_TRY(given["program"], written(o, models));
  }
  if (o.print) {
    print_text(text_at(given, "program"));
    return {};
  }
  if (o.parameters) return print_parameters(text_at(given, "program"), o.json);
  return make_work("shape", given, o, models);
}

}  // namespace

void add_shape(CLI::App& app, Action& action) {
  auto options = std::make_shared<ShapeOptionsLine>();
  CLI::App* command = app.add_subcommand(shape_schema().name(), shape_schema().summary());
  add_work_options(*command, shape_schema(), *options, [](const std::string& file) -> Result<std::string> {
    if (file == "-") return input_text(file, kMaxShapeBytes);
    std::error_code problem;
    if (const auto program = std::filesystem::path(file) / "object.shape"; std::filesystem::exists(program, problem))  // of a work
      return input_text(program.string(), kMaxShapeBytes);
    PTAH_TRY(const std::filesystem::path found, object_file(file));
    return input_text(found.string(), kMaxShapeBytes);
  });
  command->get_option("program")->required(false);
  command->add_option("--prompt", options->prompt, "instead of a shape: what it is, e.g. \"a wooden chair with a red cushion\"")->type_name("TEXT");
  add_seed_option(*command, options->seed, "with --prompt: what the words leave open varies with it");
  command->add_flag("--print", options->print, "print the program, and make nothing");
  command->add_flag("--parameters", options->parameters, "print what can be set, and make nothing");
  command->add_flag("--list", options->list, "print the shapes that come along");
  command->callback([options, &action] { action = [options] { return finish(guard([&] { return run_shape_command(*options); })); }; });
}

}  // namespace ptah::cli
