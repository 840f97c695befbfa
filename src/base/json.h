// JSON: nlohmann-json for the values, plus a reader for hostile text and the canonical form (RFC 8785) for what is hashed.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/error.h"

namespace ptah {

using Json = nlohmann::json;
/// Keeps the order of keys.
using OrderedJson = nlohmann::ordered_json;

/// Parses text from outside. Errors: corrupt for bad syntax, invalid UTF-8, duplicate keys or nesting deeper than most_depth.
Result<Json> parse_json(std::string_view text, int most_depth = 32);

/// RFC 8785 (JSON Canonicalization Scheme): keys in UTF-16 order, ECMAScript numbers, no white space.
/// Errors: invalid_argument for NaN, infinity and integers beyond ±2^53.
Result<std::string> canonical_json(const Json& value);

/// One list of fields serves writing and reading: a struct T has a function `fields(T&, visit)` beside it, a template over T or const T, that calls
/// visit("name", member) for each member.
template <class T>
Json json_of_fields(const T& value) {
  Json json = Json::object();
  fields(value, [&](const char* name, const auto& member) { json[name] = member; });
  return json;
}
/// The inverse; every field must be there. Errors: corrupt, with `what` before the reason.
template <class T>
Result<T> fields_from_json(const Json& json, const char* what) {
  T value;
  try {
    fields(value, [&](const char* name, auto& member) { json.at(name).get_to(member); });
  } catch (const Json::exception& problem) {
    return fail(ErrorCode::corrupt, "{}: {}", what, problem.what());
  }
  return value;
}

/// A double as ECMAScript prints it (RFC 8785, 3.2.2.3).
std::string ecmascript_number(double value);

}  // namespace ptah
