#include "schema/named_files.h"

#include <algorithm>
#include <array>

namespace ptah {

namespace {

/// Texts that may be the path of a file besides a name.
constexpr std::array<std::string_view, 3> kTextsThatNameFiles{"model", "draft", "environment"};

}  // namespace

bool may_name_file(const SchemaField& field) {
  const std::string_view unit = field.unit;
  const bool by_unit =
      field.kind == FieldKind::text && !field.text_of_file && field.text_or_file == 0 && (unit == "FILE" || unit == "MODEL" || unit == "FOLDER");
  return field.is_file() || by_unit || std::find(kTextsThatNameFiles.begin(), kTextsThatNameFiles.end(), field.name) != kTextsThatNameFiles.end();
}

Result<void> change_named_files(const Schema& schema, Json& values, const std::function<Result<void>(Json& text)>& change) {
  for (const SchemaField& field : schema.fields()) {
    if (!values.contains(field.name) || !may_name_file(field)) continue;
    const auto one = [&](Json& text) -> Result<void> {
      if (!text.is_string()) return {};
      const auto done = change(text);
      if (!done) return fail_field(field.name, done.error().code, "`{}`: {}", field.name, done.error().message);
      return {};
    };
    Json& value = values[field.name];
    PTAH_TRY_VOID(one(value));
    if (!value.is_array()) continue;
    for (Json& item : value) {
      PTAH_TRY_VOID(one(item));
      if (item.is_object() && item.contains("file")) PTAH_TRY_VOID(one(item["file"]));
    }
  }
  return {};
}

}  // namespace ptah
