// Python's operations on texts (str, Unicode 14), on UTF-8. Indices are of characters, positions of bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ptah::jinja {

using View = std::string_view;

/// One character and how many bytes it takes.
struct Letter {
  int32_t value;
  size_t bytes;
};
Letter letter_at(View text, size_t at);
size_t length_of(View text);
/// The byte where character `index` begins (the end, if there are fewer).
size_t position_of(View text, size_t index);

/// str.isspace for one character, which is what strip(), split() and white-space control go by.
bool is_space(int32_t c);
bool is_lower_letter(int32_t c);
bool is_upper_letter(int32_t c);
/// Unicode's Cased: small, capital or title case.
bool is_cased(int32_t c);

std::string upper(View text);
/// Capital sigma becomes ς at the end of a word.
std::string lower(View text);
std::string capitalize(View text);
/// str.title(): every letter behind none.
std::string title(View text);
/// The filter: every word behind blanks, -, (, {, [ or <.
std::string title_words(View text);
std::string swapcase(View text);
/// islower() and isupper().
bool all_lower(View text);
bool all_upper(View text);

/// Without the characters `of` (white space if null) at its ends.
View strip(View text, const View* of, bool left, bool right);
/// Like memmem: linear in the lengths. npos if there is none.
size_t find_in(View text, View what, size_t from = 0);
size_t find_last_in(View text, View what);
/// At most `max` cuts (below 0: all). by null: white space.
std::vector<View> split(View text, const View* by, int64_t max);
std::vector<View> split_from_right(View text, const View* by, int64_t max);
std::vector<View> split_lines(View text, bool keep_ends = false);

/// repr() of a text and of a float.
std::string repr_of(View text);
std::string real_text(double value);

/// What int(text, base) and float(text) read; nothing if they raise ValueError. `refused`: digits beyond ASCII or beyond 64 bits, which are not computed.
struct ReadNumber {
  std::optional<int64_t> integer;
  std::optional<double> real;
  const char* refused = nullptr;
};
ReadNumber read_integer(View text, int64_t base);
ReadNumber read_real(View text);

}  // namespace ptah::jinja
