#include "cli/request_options.h"

#include <algorithm>
#include <map>

#include "base/file.h"
#include "cli/seed_option.h"

namespace ptah::cli {

namespace {

/// The schemas of commands that have one.
std::map<const CLI::App*, const Schema*>& schemas() {
  static std::map<const CLI::App*, const Schema*> all;
  return all;
}

const CLI::App*& on_the_line() {
  static const CLI::App* command = nullptr;
  return command;
}

std::string help_of(const CLI::App& command, const SchemaField& field) {
  std::string out = *field.needs ? fmt::format("with `{}`: {}", field.needs, field.help) : std::string(field.help);
  const std::string limits = limits_of(field);
  if (!limits.empty()) out.append("; ").append(limits);
  return in_options(out, &command);
}

/// What stands for a value in help.
std::string placeholder_of(const SchemaField& field) {
  if (*field.unit) return field.unit;
  if (field.kind == FieldKind::weighted_files) return "FILE[:STRENGTH]";
  if (field.is_file() || field.text_of_file) return "FILE";
  if (field.kind == FieldKind::integer || field.kind == FieldKind::seed) return "N";
  return field.kind == FieldKind::number ? "NUMBER" : "TEXT";
}

std::string default_text(const SchemaField& field) {
  if (field.required || field.is_list()) return "";
  const std::vector<std::string> texts = texts_of_value(field, field.default_value);
  return texts.empty() ? "" : texts.front();
}

}  // namespace

RequestOptions::RequestOptions(CLI::App& command, const Schema& schema, Reader reader) : schema_(schema), reader_(std::move(reader)) {
  schemas()[&command] = &schema;
  for (const SchemaField& field : schema.fields())
    if (field.kind == FieldKind::boolean)
      add_switch(command, field);
    else
      add_option(command, field);
}

void RequestOptions::add_switch(CLI::App& command, const SchemaField& field) {
  CLI::Option* option = command.add_flag_function(
      field.option, [this, &field](std::int64_t) { given_[field.name] = !field.default_value.get<bool>(); },
      field.default_value.get<bool>() ? "do not " + help_of(command, field) : help_of(command, field));
  if (field.hidden) option->group("");
}

void RequestOptions::add_option(CLI::App& command, const SchemaField& field) {
  const std::string name = field.positional ? field.name : field.option, help = help_of(command, field);
  if (field.kind == FieldKind::seed) {
    add_seed_option(
        command, [this, &field](uint64_t seed) { given_[field.name] = exact_json(seed); }, help);
    if (const std::string usual = default_text(field); !usual.empty()) command.get_option("--seed")->default_str(usual);
    return;
  }
  const auto value = [&command, &field](const std::string& text) {
    auto out = value_from_text(field, text);
    if (!out) throw CLI::ValidationError(in_options(out.error().message, &command));
    return *out;
  };
  CLI::Option* option = nullptr;
  if (field.is_list())
    option = command.add_option_function<std::vector<std::string>>(
        name,
        [this, &field, value](const std::vector<std::string>& texts) {
          given_[field.name] = Json::array();
          for (const std::string& text : texts) given_[field.name].push_back(value(text));
        },
        help);
  else
    option = command.add_option_function<std::string>(
        name, [this, &field, value](const std::string& text) { given_[field.name] = value(text); }, help);
  option->type_name(placeholder_of(field));
  if (const std::string usual = default_text(field); !usual.empty()) option->default_str(usual);
  if (field.required) option->required();
  if (field.hidden) option->group("");
  if (*field.shorthand)
    command.add_flag_function(
        std::string("--") + field.shorthand,
        [this, &field](std::int64_t) {
          if (!given_.contains(field.name)) given_[field.name] = field.shorthand_value;
        },
        fmt::format("the same as {} {}", field.option, field.shorthand_value));
}

Result<Json> RequestOptions::given() const {
  Json out = given_;
  for (const SchemaField& field : schema_.fields())
    if (field.text_of_file && out.contains(field.name)) {
      PTAH_TRY(out[field.name], reader_(out[field.name].get<std::string>()));
    } else if (field.text_or_file && out.contains(field.name)) {
      const auto text = out[field.name].get<std::string>();
      if (text.empty() || text[0] == field.text_or_file) continue;
      PTAH_TRY(out[field.name], read_text(text, field.max_bytes));
    }
  return out;
}

std::string in_options(const std::string& message, const CLI::App* command) {
  const CLI::App* const app = command ? command : on_the_line();
  const auto schema = schemas().find(app);
  const auto called = [&](const std::string& name) -> std::optional<std::string> {
    std::string option = "--" + name;
    std::replace(option.begin(), option.end(), '_', '-');
    if (app && app->get_option_no_throw(option)) return option;
    return {};
  };
  return said(schema == schemas().end() ? message : schema->second->in_options(message), called, true);
}

void speak_of(const CLI::App& command) { on_the_line() = &command; }

}  // namespace ptah::cli
