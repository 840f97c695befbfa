// What a request consists of. A request type describes itself once, in a function beside it:
//
//   template <class R, class Visit>
//   requires std::same_as<std::remove_const_t<R>, CreateRequest>
//   void fields(R& r, const Visit& visit) {
//     visit(Field{.name = "steps", .help = "sampling steps", .range = {1, 200}}, r.steps);
//   }
//
// Fields of a part are visited with fields(r.part, visit). Everything else works on *values*: a JSON object that holds fields by their names, flat.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/field_error.h"
#include "schema/field.h"

namespace ptah {

struct SchemaField : Field {
  FieldKind kind = FieldKind::text;
  std::string option = {};       ///< "--target-tris"; of a switch that is on by default "--no-object"; empty for a positional one
  Json default_value = nullptr;  ///< null if the field is required
  bool is_list() const { return kind == FieldKind::texts || kind == FieldKind::files || kind == FieldKind::weighted_files; }
  bool is_file() const { return kind == FieldKind::file || kind == FieldKind::files || kind == FieldKind::weighted_files; }
};

class Schema {
 public:
  Schema(std::string name, std::string summary) : name_(std::move(name)), summary_(std::move(summary)), command_(name_) {}
  const std::string& name() const { return name_; }  ///< of the request, and of its command
  const std::string& summary() const { return summary_; }
  /// The words of its command where they are not its name: "field fit".
  void set_command(std::string words) { command_ = std::move(words); }
  const std::vector<SchemaField>& fields() const { return fields_; }
  /// By its name, or by its option with or without --; - and _ are one. Null if there is none.
  const SchemaField* find(std::string_view name) const;

  /// Every field at its default; the empty value of its kind if it is required.
  Json defaults() const;
  /// The values of a request in JSON, nested as `within` says. Errors, each with its field: invalid_argument for members that are unknown (with what may be
  /// meant), of another kind, or missing though required.
  Result<Json> given(const Json& request) const;
  /// The inverse; what is at its default is left out unless it is `always` said.
  Json request_json(const Json& values) const;
  /// The member "request" of a receipt. Files are named without their folders: what is published of a work says nothing of its maker's computer.
  Json receipt_json(const Json& values) const;
  /// The inverse; what a receipt keeps elsewhere is at its default. Errors: corrupt, with the field.
  Result<Json> receipt_values(const Json& request) const;

  /// Errors: invalid_argument, with the first field that is not possible and what is. Values are complete and of their kinds.
  Result<void> check(const Json& values) const;
  /// The same of one of its fields.
  static Result<void> check(const SchemaField& field, const Json& value);
  /// Errors: invalid_argument for a given field that means nothing without another one, which is not given.
  Result<void> check_needs(const Json& given) const;

  /// The command that asks for these values, for a POSIX shell with $'…' (bash, zsh, ksh); one line.
  std::string command(const Json& values) const;
  /// A message as the command has it: "`size` 900" is "--size 900"; names that are no fields stay.
  std::string in_options(const std::string& message) const;
  /// JSON Schema (draft 2020-12) of the request's JSON.
  Json json_schema() const;
  /// A chapter of Markdown: what the request is, and a table of its fields.
  std::string reference() const;

 protected:
  void add(SchemaField field);

 private:
  /// Whether what is not the default, or always said, has a meaning.
  bool is_said(const SchemaField& field, const Json& values) const;

  std::string name_, summary_, command_;
  std::vector<SchemaField> fields_;
};

/// A value from what is typed behind an option; of a list, one item of it. "true" and "false" for a switch. Errors: invalid_argument, with the field.
Result<Json> value_from_text(const SchemaField& field, const std::string& text);
/// The inverse; of a list, one text an item. None for a switch.
std::vector<std::string> texts_of_value(const SchemaField& field, const Json& value);
/// "1 to 200 are possible"; empty if everything is.
std::string possible(const SchemaField& field);
/// What a value may be, in short, e.g. "128 to 512 pixels"; empty if anything of its kind.
std::string limits_of(const SchemaField& field);

/// The message with fields, which stand in it between backquotes, as `name_of` has them; names that it does not know (nothing) stay without backquotes if they
/// are `plain`.
std::string said(const std::string& message, const std::function<std::optional<std::string>(const std::string& name)>& name_of, bool plain = false);

/// One argument for a shell, fit to be shown on a terminal: what could move a cursor is escaped. A file's name that begins with - gets ./ before it.
std::string shell_quoted(std::string_view text, bool is_file = false);

/// Chapters of many requests as one page.
std::string reference_page(const std::vector<const Schema*>& schemas);

namespace detail {
template <class R, class Visit>
void visit_fields(R& request, const Visit& visit) {
  fields(request, visit);
}
}  // namespace detail

/// The schema of a request type.
template <class R>
class SchemaOf : public Schema {
 public:
  /// What follows from fields that were not given, and combinations that cannot be: called with a request whose fields are possible, and the given values.
  using Complete = std::function<Result<void>(R& request, const Json& given)>;

  /// Needs fields(R&, visit).
  static SchemaOf describe(std::string name, std::string summary, Complete complete = {}) {
    SchemaOf out(std::move(name), std::move(summary));
    R usual{};
    detail::visit_fields(usual, [&](const Field& field, auto& member) { out.add(field, member); });
    out.complete_ = std::move(complete);
    out.values_ = [](const R& request) {
      Json values = Json::object();
      detail::visit_fields(request, [&](const Field& field, const auto& member) { values[field.name] = Traits<decltype(member)>::to_json(member); });
      return values;
    };
    out.take_ = [](R& request, const Json& values) -> Result<void> {
      std::optional<Error> problem;
      detail::visit_fields(request, [&](const Field& field, auto& member) {
        if (problem || !values.contains(field.name)) return;
        try {
          member = Traits<decltype(member)>::from_json(values[field.name]);
        } catch (const Json::exception& wrong) {
          problem = Error{ErrorCode::invalid_argument, fmt::format("`{}`: {}", field.name, wrong.what())};
        } catch (const Failure& failure) {
          problem = Error{failure.error().code, fmt::format("`{}`: {}", field.name, failure.error().message)};
        }
      });
      if (problem) return tl::unexpected<Error>(std::move(*problem));
      return {};
    };
    return out;
  }

  Json values(const R& request) const { return values_(request); }
  /// A request with these values; fields that are missing have their defaults. Errors: invalid_argument, with the field.
  Result<R> request(const Json& values) const {
    R out{};
    PTAH_TRY_VOID(take_(out, values));
    return out;
  }
  /// The request that somebody means who gives these values: checked, with what follows for the others.
  Result<R> complete(const Json& given) const {
    PTAH_TRY(R out, request(given));
    PTAH_TRY_VOID(check_needs(given));
    PTAH_TRY_VOID(Schema::check(values(out)));
    if (complete_) PTAH_TRY_VOID(complete_(out, given));
    return out;
  }
  /// The request of a program's structs, which give every value but those that follow from others: checked, with what follows for these.
  Result<R> of_structs(const Json& given) const {
    PTAH_TRY(R out, request(given));
    PTAH_TRY_VOID(check_fields(out));
    if (complete_) PTAH_TRY_VOID(complete_(out, given));
    return out;
  }
  /// complete() of JSON.
  Result<R> read(const Json& request) const {
    PTAH_TRY(const Json values, given(request));
    return complete(values);
  }
  /// Checks each field by itself.
  Result<void> check_fields(const R& request) const { return Schema::check(values(request)); }
  Json to_receipt(const R& request) const { return receipt_json(values(request)); }
  Result<R> from_receipt(const Json& json) const {
    PTAH_TRY(const Json values, receipt_values(json));
    auto out = request(values);
    if (!out) out.error().code = ErrorCode::corrupt, out.error().message = "request: " + out.error().message;
    return out;
  }
  std::string command_of(const R& request) const { return command(values(request)); }

 private:
  template <class T>
  using Traits = FieldTraits<std::remove_cvref_t<T>>;
  using Schema::Schema;
  template <class T>
  void add(const Field& field, const T& usual) {
    SchemaField out{field};
    out.kind = Traits<T>::kKind;
    if (!field.required) out.default_value = Traits<T>::to_json(usual);
    if (!field.absent.is_null()) out.absent = Traits<T>::to_json(Traits<T>::from_json(field.absent));
    Schema::add(std::move(out));
  }

  std::function<Json(const R&)> values_;
  std::function<Result<void>(R&, const Json&)> take_;
  Complete complete_;
};

}  // namespace ptah
