// JSON Schema and pages from schemas.
#include <algorithm>

#include "base/text.h"
#include "schema/schema.h"

namespace ptah {

namespace {

Json number_schema(const SchemaField& field, const char* type) {
  Json out{{"type", type}};
  const Range& r = field.range;
  const auto bound = [&](double v) { return field.kind == FieldKind::integer ? Json(static_cast<int64_t>(v)) : Json(v); };
  if (std::isfinite(r.min)) out[r.above_min ? "exclusiveMinimum" : "minimum"] = bound(r.min);
  if (std::isfinite(r.max)) out["maximum"] = bound(r.max);
  if (r.multiple_of > 1) out["multipleOf"] = r.multiple_of;
  return out;
}

Json text_schema(const SchemaField& field) {
  Json out{{"type", "string"}};
  if (*field.pattern)
    out["pattern"] = fmt::format("^(?:{})$", field.pattern);
  else if (!field.choices.empty())
    out["enum"] = field.choices;
  if (field.required && !field.may_be_blank) out["minLength"] = 1;
  if (field.max_bytes > 0) out["maxLength"] = field.max_bytes;
  return out;
}

Json schema_of(const SchemaField& field) {
  switch (field.kind) {
    case FieldKind::boolean:
      return {{"type", "boolean"}};
    case FieldKind::integer:
      return number_schema(field, "integer");
    case FieldKind::number:
      return number_schema(field, "number");
    case FieldKind::seed:
      return {{"anyOf", {{{"type", "integer"}, {"minimum", -1}, {"maximum", int64_t{1} << 53}}, {{"type", "string"}, {"pattern", "^[0-9]{1,20}$"}}}}};
    case FieldKind::text:
    case FieldKind::file:
      return text_schema(field);
    case FieldKind::texts:
    case FieldKind::files:
      return {{"type", "array"}, {"items", text_schema(field)}};
    case FieldKind::weighted_files:
      return {{"type", "array"},
              {"items",
               {{"type", "object"},
                {"properties", {{"file", {{"type", "string"}}}, {"strength", {{"type", "number"}}}}},
                {"required", {"file", "strength"}},
                {"additionalProperties", false}}}};
  }
  return {};
}

Json described(const SchemaField& field) {
  Json out = schema_of(field);
  const Json& usual = field.default_value;
  const bool outside = (usual.is_string() && !field.choices.empty() && !*field.pattern &&
                        std::find(field.choices.begin(), field.choices.end(), usual.get<std::string>()) == field.choices.end()) ||
                       (usual.is_number() && field.kind != FieldKind::seed &&
                        (usual.get<double>() < field.range.min || usual.get<double>() > field.range.max ||
                         (field.kind == FieldKind::integer && usual.get<int64_t>() % field.range.multiple_of != 0)));
  if (outside) out = {{"anyOf", {{{"const", usual}}, std::move(out)}}};
  out["description"] = *field.unit ? fmt::format("{} ({})", field.help, field.unit) : std::string(field.help);
  if (!usual.is_null()) out["default"] = usual;
  return out;
}

Json object_schema() { return {{"type", "object"}, {"properties", Json::object()}, {"additionalProperties", false}}; }

std::string cell(std::string text) {
  replace_all(text, "|", "\\|");
  return text;
}

std::string shown_value(const SchemaField& field, const Json& value) {
  if (value.is_boolean()) return value.get<bool>() ? "true" : "false";
  std::string out;
  for (const std::string& text : texts_of_value(field, value)) out += (out.empty() ? "" : " ") + text;
  return out;
}

std::string kind_and_limits(const SchemaField& field) {
  constexpr const char* kKinds[] = {"true, false", "whole number", "", "number", "text", "texts", "file", "files", "files, each with a strength"};
  const std::string limits = limits_of(field);
  return limits.empty() ? kKinds[static_cast<size_t>(field.kind)] : limits;
}

}  // namespace

std::string limits_of(const SchemaField& field) {
  if (field.kind == FieldKind::seed) return "0 to 2^64 - 1; -1 takes a random one";
  std::string out = possible(field);
  if (const size_t end = out.rfind(" are possible"); end != std::string::npos) out.resize(end);
  if (*field.unit && (field.kind == FieldKind::integer || field.kind == FieldKind::number)) out.append(out.empty() ? "" : " ").append(field.unit);
  for (const std::string& choice : field.choices) out.append(out.empty() ? "" : ", ").append(choice);
  if (field.max_bytes > 0) out = fmt::format("at most {} bytes", field.max_bytes);
  return out;
}

Json Schema::json_schema() const {
  Json out = object_schema();
  out["$schema"] = "https://json-schema.org/draft/2020-12/schema";
  out["title"] = name_;
  out["description"] = summary_;
  out["required"] = Json::array();
  for (const SchemaField& field : fields_) {
    Json* at = &out;
    if (*field.within) {
      at = &out["properties"][field.within];
      if (at->is_null()) *at = object_schema();
      Json& all = out["required"];
      if (field.required && std::find(all.begin(), all.end(), Json(field.within)) == all.end()) all.push_back(field.within);
    }
    (*at)["properties"][field.name] = described(field);
    if (field.required) (*at)["required"].push_back(field.name);
    if (*field.needs) (*at)["dependentRequired"][field.name] = {field.needs};
  }
  return out;
}

std::string Schema::reference() const {
  std::string out = fmt::format("## {}\n\n{}.\n\n| field | option | what it is | possible | default |\n|---|---|---|---|---|\n", name_, summary_);
  for (const SchemaField& field : fields_) {
    std::string what = field.help;
    if (*field.needs) what += fmt::format("; with `{}`", field.needs);
    if (*field.since) what += fmt::format("; since {}", field.since);
    if (field.kept == Kept::nowhere) what += "; changes no byte";
    const std::string option =
        field.positional ? "(stands alone)" : "`" + field.option + "`" + (*field.shorthand ? fmt::format(", `--{}`", field.shorthand) : "");
    const std::string usual = field.required ? "must be given" : shown_value(field, field.default_value);
    out += fmt::format("| `{}{}{}` | {} | {} | {} | {} |\n", field.within, *field.within ? "." : "", field.name, option, cell(what),
                       cell(kind_and_limits(field)), cell(usual));
  }
  return out;
}

std::string reference_page(const std::vector<const Schema*>& schemas) {
  std::string out =
      "# Requests\n\n"
      "What can be asked for: as options of a command, as members of JSON (`ptah schema NAME` prints the\n"
      "JSON Schema), and as members of the structs in `include/ptah/`. This page is made from the program\n"
      "(`ptah schema --reference`); a test fails if it is not current.\n\n"
      "A field that changes no byte is not part of a work's receipt. A field that came later says since\n"
      "when; receipts of earlier versions are read as those versions meant them.\n";
  for (const Schema* schema : schemas) out.append("\n").append(schema->reference());
  return out;
}

}  // namespace ptah
