// Words and numbers out of texts from outside, without copies.
#pragma once

#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>

namespace ptah {

/// The line that begins at `at`, without its end; `at` moves behind it.
inline std::string_view next_line(std::string_view text, size_t& at) {
  const size_t end = std::min(text.find('\n', at), text.size());
  std::string_view line = text.substr(at, end - at);
  if (line.ends_with('\r')) line.remove_suffix(1);
  at = end + 1;
  return line;
}

/// The next word of a line, which moves behind it; empty at its end.
inline std::string_view next_word(std::string_view& line) {
  const size_t begin = std::min(line.find_first_not_of(" \t\r\n"), line.size());
  const size_t end = std::min(line.find_first_of(" \t\r\n", begin), line.size());
  const std::string_view word = line.substr(begin, end - begin);
  line.remove_prefix(end);
  return word;
}

/// A finite number, if the whole word is one.
inline std::optional<float> float_of(std::string_view word) {
  if (word.starts_with('+')) word.remove_prefix(1);
  double value = 0;
  const auto [end, problem] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (problem == std::errc::result_out_of_range && std::abs(value) < 1)
    value = 0;  // too small for a double
  else if (problem != std::errc() || !(std::abs(value) <= 1e30))
    return {};
  if (word.empty() || end != word.data() + word.size()) return {};
  return static_cast<float>(value);
}

inline std::optional<int64_t> integer_of(std::string_view word) {
  if (word.starts_with('+')) word.remove_prefix(1);
  int64_t value = 0;
  const auto [end, problem] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (word.empty() || problem != std::errc() || end != word.data() + word.size()) return {};
  return value;
}

}  // namespace ptah
