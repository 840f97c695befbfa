// One description of a field of a request. From it come JSON both ways, checks, the options of a command, the command that `recall` prints, the reference in
// docs/requests.md and JSON Schema (schema.h).
#pragma once

#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "base/json.h"

namespace ptah {

/// What a number may be: from `min` to `max`, both included. The field's default is always possible.
struct Range {
  double min = -std::numeric_limits<double>::infinity(), max = std::numeric_limits<double>::infinity();
  bool above_min = false;  ///< `min` itself is not possible
  int64_t multiple_of = 1;
};

/// Where the receipt of a work keeps a field.
enum class Kept {
  request,    ///< in its member "request"
  elsewhere,  ///< the field decides bytes of the work; the receipt says so elsewhere (outputs, sources, model_file)
  nowhere,    ///< the field changes no byte
};

struct Field {
  const char* name;       ///< the member in JSON and in the public structs, e.g. "target_triangles"
  const char* help = "";  ///< what it does; no default, range or unit: those are below
  const char* flag = "";  ///< the option without --, if it is not the name with - for _
  const char* unit = "";  ///< of a number, e.g. "pixels"; of a text or file, what stands for it in help
  Range range = {};
  std::vector<std::string> choices = {};  ///< of a text: what it may be; empty: anything
  const char* pattern = "";               ///< with choices: a regular expression (ECMAScript) that decides instead; the choices are then examples
  size_t max_bytes = 0;                   ///< of a text; 0: no limit
  const char* since = "";                 ///< the version that brought it; empty: it was always there
  /// What the field was before there was one: a receipt that lacks the member means this, and the member is left out where it is this, so that receipts of
  /// earlier versions come out again byte for byte. null: the member is always there.
  Json absent = nullptr;
  Kept kept = Kept::request;
  const char* within = "";     ///< the member of the request's JSON that holds this one; empty: the request itself
  const char* needs = "";      ///< another field without which this one means nothing
  const char* shorthand = "";  ///< an option (without --) that takes no value and sets `shorthand_value`
  const char* shorthand_value = "";
  bool positional = false;    ///< on a command line it stands alone, behind the options
  bool required = false;      ///< there is no default, and a blank text is refused
  bool may_be_blank = false;  ///< though it is required
  bool one_line = false;      ///< of a text: no control characters
  bool text_of_file = false;  ///< of a text: the option names a file (- for standard input) that holds it
  char text_or_file = 0;      ///< of a text that begins with this character: the option may name a file that holds it instead
  bool always = false;        ///< printed commands name it even where it is the default
  bool hidden = false;        ///< not in a command's help: it is there for works of earlier versions
};

enum class FieldKind { boolean, integer, seed, number, text, texts, file, files, weighted_files };

/// How a member of type T is kept in JSON: kKind, to_json(const T&), from_json(const Json&). The latter throws Json::exception or Failure. A type of your own
/// (with a text, say, for its JSON) specialises it.
template <class T>
struct FieldTraits;

template <class T, FieldKind kind>
struct PlainTraits {
  static constexpr FieldKind kKind = kind;
  static Json to_json(const T& value) { return value; }
  static T from_json(const Json& json) { return value_of<T>(json); }
};
template <>
struct FieldTraits<bool> : PlainTraits<bool, FieldKind::boolean> {};
template <>
struct FieldTraits<int> : PlainTraits<int, FieldKind::integer> {};
template <>
struct FieldTraits<int64_t> : PlainTraits<int64_t, FieldKind::integer> {};
template <>
struct FieldTraits<float> : PlainTraits<float, FieldKind::number> {};
template <>
struct FieldTraits<std::string> : PlainTraits<std::string, FieldKind::text> {};
template <>
struct FieldTraits<std::vector<std::string>> : PlainTraits<std::vector<std::string>, FieldKind::texts> {};
template <>
struct FieldTraits<uint64_t> {
  static constexpr FieldKind kKind = FieldKind::seed;
  static Json to_json(uint64_t value) { return exact_json(value); }
  static uint64_t from_json(const Json& json) { return exact_value(json); }
};
template <>
struct FieldTraits<std::filesystem::path> {
  static constexpr FieldKind kKind = FieldKind::file;
  static Json to_json(const std::filesystem::path& file) { return file.string(); }
  static std::filesystem::path from_json(const Json& json) { return json.get<std::string>(); }
};
template <>
struct FieldTraits<std::vector<std::filesystem::path>> {
  static constexpr FieldKind kKind = FieldKind::files;
  static Json to_json(const std::vector<std::filesystem::path>& files) {
    Json out = Json::array();
    for (const auto& file : files) out.push_back(file.string());
    return out;
  }
  static std::vector<std::filesystem::path> from_json(const Json& json) {
    std::vector<std::filesystem::path> out;
    for (const Json& item : json.get_ref<const Json::array_t&>()) out.emplace_back(item.get<std::string>());
    return out;
  }
};

}  // namespace ptah
