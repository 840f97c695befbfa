// JSON: nlohmann-json for the values, plus a reader for hostile text and the canonical form (RFC 8785) for what is hashed.
#pragma once

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace ptah {

using Json = nlohmann::json;
/// Keeps the order of keys.
using OrderedJson = nlohmann::ordered_json;

/// Parses text from outside. Errors: corrupt for bad syntax, invalid UTF-8, duplicate keys or nesting deeper than max_depth.
Result<Json> parse_json(std::string_view text, int max_depth = 32);

/// RFC 8785 (JSON Canonicalization Scheme): keys in UTF-16 order, ECMAScript numbers, no white space.
/// Errors: invalid_argument for NaN, infinity and integers beyond ±2^53.
Result<std::string> canonical_json(const Json& value);

/// A text among the members of an object; empty if there is none, or `object` is none.
std::string text_at(const Json& object, const char* key);

namespace detail {
template <class T>
constexpr bool kIsVector = false;
template <class T>
constexpr bool kIsVector<std::vector<T>> = true;
}  // namespace detail

/// The value as T. Throws Json::exception as get() does, and also for numbers that T cannot hold (which get() would cast): 1e300 or 1.5 as an integer.
template <class T>
T value_of(const Json& json) {
  if constexpr (detail::kIsVector<T>) {
    T out;
    for (const Json& item : json.get_ref<const Json::array_t&>()) out.push_back(value_of<typename T::value_type>(item));
    return out;
  } else if constexpr (std::is_arithmetic_v<T> && !std::is_same_v<T, bool>) {
    bool fits = json.is_number();
    if constexpr (std::is_floating_point_v<T>) {
      fits = fits && std::abs(json.get<double>()) <= static_cast<double>(std::numeric_limits<T>::max());
    } else if (json.is_number_float()) {  // 1e3 is an integer too
      const double value = json.get<double>();
      fits = std::abs(value) <= 9007199254740992.0 && value == std::floor(value) && std::in_range<T>(static_cast<int64_t>(value));
    } else if (fits) {
      fits = json.is_number_unsigned() ? std::in_range<T>(json.get<uint64_t>()) : std::in_range<T>(json.get<int64_t>());
    }
    if (!fits) throw Json::type_error::create(302, std::is_integral_v<T> ? "expected an integer in range" : "expected a number in range", &json);
  }
  return json.get<T>();
}

/// Marks a field that came later: what is older lacks it and stays what it is, so it is left out where it is `usual`, and may be missing.
struct Later {
  double usual = 0;  ///< what the field is where it is missing
};

/// Whole numbers without a sign as JSON keeps them without loss: a number up to 2^53, its decimal digits as a text beyond (RFC 8785 has no such numbers, and
/// most readers round them).
Json exact_json(uint64_t value);
/// The inverse; takes numbers beyond 2^53 too. Throws Json::exception.
uint64_t exact_value(const Json& json);

/// One list of fields serves writing and reading: a struct T has a function `fields(T&, visit)` beside it, a template over T or const T, that calls
/// visit("name", member) or visit("name", member, Later()) for each member.
template <class T>
Json json_of_fields(const T& value) {
  Json json = Json::object();
  fields(value, [&](const char* name, const auto& member, auto... later) {
    if (!((member != static_cast<std::remove_cvref_t<decltype(member)>>(later.usual)) && ...)) return;
    if constexpr (std::is_same_v<std::remove_cvref_t<decltype(member)>, uint64_t>)
      json[name] = exact_json(member);
    else
      json[name] = member;
  });
  return json;
}
/// The inverse; every field that did not come later must be there. Errors: corrupt, with `what` before the reason.
template <class T>
Result<T> fields_from_json(const Json& json, const char* what) {
  T value;
  try {
    fields(value, [&](const char* name, auto& member, auto... later) {
      using Member = std::remove_reference_t<decltype(member)>;
      if (sizeof...(later) > 0 && !json.contains(name)) return;
      if constexpr (std::is_same_v<Member, uint64_t>)
        member = exact_value(json.at(name));
      else
        member = value_of<Member>(json.at(name));
    });
  } catch (const Json::exception& problem) {
    return fail(ErrorCode::corrupt, "{}: {}", what, problem.what());
  }
  return value;
}

/// A double as ECMAScript prints it (RFC 8785, 3.2.2.3).
std::string ecmascript_number(double value);

}  // namespace ptah
