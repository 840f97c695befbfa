// What commands print. Texts and paths among the arguments are made printable (base/printable.h), so that nothing of a stranger's looks like a line of the
// program's own; only print_text() puts out more than one line of what is not ours.
#pragma once

#include <fmt/format.h>
#include <unistd.h>

#include <concepts>
#include <cstdio>
#include <filesystem>

#include "base/json.h"
#include "base/printable.h"

namespace ptah::cli {

/// Of one argument.
inline constexpr size_t kMaxShownBytes = size_t{16} << 10;

template <class T>
auto shown(const T& value) {
  if constexpr (std::is_same_v<T, std::filesystem::path>) {
    return printable(value.native(), kMaxShownBytes);
  } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    return printable(value, kMaxShownBytes);
  } else {
    static_assert(std::is_arithmetic_v<T>, "print() takes texts, paths and numbers; make a text of it first");
    return value;
  }
}
template <class T>
using Shown = decltype(shown(std::declval<const T&>()));

/// To standard output.
template <class... Args>
void print(fmt::format_string<Shown<std::remove_cvref_t<Args>>...> format, const Args&... args) {
  fmt::print(format, shown(args)...);
}
/// To standard error.
template <class... Args>
void print_error(fmt::format_string<Shown<std::remove_cvref_t<Args>>...> format, const Args&... args) {
  fmt::print(stderr, format, shown(args)...);
}

/// Several lines, such as an answer of a model: on a terminal without what could move its cursor, elsewhere byte for byte.
void print_text(std::string_view text);

/// One line of JSON on standard output.
void print_json(const Json& line);
/// JSON over several lines, for people.
void print_pretty_json(const Json& json);

}  // namespace ptah::cli
