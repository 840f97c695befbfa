#include "text/template/jinja_strings.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

#include "text/tokenize/characters.h"
#include "text/template/jinja_case.h"

namespace ptah::jinja {

namespace {

const SpecialCase* special_of(int32_t c) {
  if (c < 0xDF) return nullptr;
  const auto* found = std::lower_bound(std::begin(kSpecialCases), std::end(kSpecialCases), c, [](const SpecialCase& s, int32_t x) { return s.character < x; });
  return found != std::end(kSpecialCases) && found->character == c ? found : nullptr;
}

template <size_t N>
bool among(const int32_t (&ranges)[N][2], int32_t c) {
  return std::any_of(std::begin(ranges), std::end(ranges), [&](const auto& r) { return c >= r[0] && c <= r[1]; });
}

void put_upper(std::string& out, int32_t c) {
  if (const SpecialCase* s = special_of(c))
    out += s->upper;
  else
    out += utf8_of(utf8proc_toupper(c));
}
void put_title(std::string& out, int32_t c) {
  if (const SpecialCase* s = special_of(c))
    out += s->title;
  else
    out += utf8_of(utf8proc_totitle(c));
}

/// Unicode's Case_Ignorable: what may stand between a word's letters and a final sigma.
bool is_case_ignorable(int32_t c) {
  switch (c) {
    case '\'':
    case '.':
    case ':':
    case '^':
    case '`':
    case 0xA8:
    case 0xAD:
    case 0xAF:
    case 0xB4:
    case 0xB7:
    case 0xB8:
    case 0x2018:
    case 0x2019:
    case 0x2024:
    case 0x2027:
    case 0x387:
    case 0x55F:
    case 0x5F4:
    case 0xFE13:
    case 0xFE52:
    case 0xFE55:
    case 0xFF07:
    case 0xFF0E:
    case 0xFF1A:
      return true;
    default:
      break;
  }
  if (c < 0x80) return false;
  switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_SK:
      return true;
    default:
      return false;
  }
}

constexpr int32_t kCapitalSigma = 0x3A3;
/// How far a word is looked along for a sigma's place: words are shorter, and time stays bounded.
constexpr size_t kSigmaReach = 256;

bool sigma_is_final(View text, size_t at, size_t bytes) {
  bool letter_before = false;
  size_t looked = 0;
  for (size_t p = at; p > 0 && looked < kSigmaReach; ++looked) {
    do --p;
    while (p > 0 && (static_cast<uint8_t>(text[p]) & 0xC0) == 0x80);
    const int32_t c = letter_at(text, p).value;
    if (is_case_ignorable(c)) continue;
    letter_before = is_cased(c);
    break;
  }
  if (!letter_before) return false;
  looked = 0;
  for (size_t p = at + bytes; p < text.size() && looked < kSigmaReach; ++looked) {
    const Letter l = letter_at(text, p);
    if (!is_case_ignorable(l.value)) return !is_cased(l.value);
    p += l.bytes;
  }
  return true;
}

void put_lower(std::string& out, View text, size_t at, const Letter& l) {
  if (l.value < 0x80)
    out += static_cast<char>(l.value >= 'A' && l.value <= 'Z' ? l.value | 32 : l.value);
  else if (l.value == 0x130)
    out += "i\u0307";
  else if (l.value == kCapitalSigma)
    out += sigma_is_final(text, at, l.bytes) ? "ς" : "σ";
  else
    out += utf8_of(utf8proc_tolower(l.value));
}

}  // namespace

Letter letter_at(View text, size_t at) {
  const Character c = character_at(text, at);
  return {c.value < 0 ? 0xFFFD : c.value, c.length};
}

size_t length_of(View text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<uint8_t>(c) & 0xC0) != 0x80; }));
}

size_t position_of(View text, size_t index) {
  size_t at = 0;
  while (at < text.size() && index > 0) {
    ++at;
    while (at < text.size() && (static_cast<uint8_t>(text[at]) & 0xC0) == 0x80) ++at;
    --index;
  }
  return at;
}

bool is_space(int32_t c) { return (c >= 0x1C && c <= 0x1F) || is_white(c); }
bool is_lower_letter(int32_t c) {
  if (c < 0x80) return c >= 'a' && c <= 'z';
  return utf8proc_category(c) == UTF8PROC_CATEGORY_LL || among(kOtherLower, c);
}
bool is_upper_letter(int32_t c) {
  if (c < 0x80) return c >= 'A' && c <= 'Z';
  return utf8proc_category(c) == UTF8PROC_CATEGORY_LU || among(kOtherUpper, c);
}
bool is_cased(int32_t c) { return is_lower_letter(c) || is_upper_letter(c) || (c >= 0x80 && utf8proc_category(c) == UTF8PROC_CATEGORY_LT); }

std::string upper(View text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const Letter l = letter_at(text, at);
    put_upper(out, l.value);
    at += l.bytes;
  }
  return out;
}

std::string lower(View text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const Letter l = letter_at(text, at);
    put_lower(out, text, at, l);
    at += l.bytes;
  }
  return out;
}

std::string capitalize(View text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const Letter l = letter_at(text, at);
    if (at == 0)
      put_title(out, l.value);
    else
      put_lower(out, text, at, l);
    at += l.bytes;
  }
  return out;
}

std::string title(View text) {
  std::string out;
  bool inside = false;
  for (size_t at = 0; at < text.size();) {
    const Letter l = letter_at(text, at);
    if (inside)
      put_lower(out, text, at, l);
    else
      put_title(out, l.value);
    inside = is_cased(l.value);
    at += l.bytes;
  }
  return out;
}

std::string title_words(View text) {
  const auto splits = [](int32_t c) { return is_space(c) || c == '-' || c == '(' || c == '{' || c == '[' || c == '<'; };
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const bool between = splits(letter_at(text, at).value);
    size_t end = at;
    while (end < text.size()) {
      const Letter l = letter_at(text, end);
      if (splits(l.value) != between) break;
      end += l.bytes;
    }
    const Letter first = letter_at(text, at);
    put_upper(out, first.value);
    out += lower(text.substr(at + first.bytes, end - at - first.bytes));
    at = end;
  }
  return out;
}

std::string swapcase(View text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const Letter l = letter_at(text, at);
    if (is_upper_letter(l.value))
      put_lower(out, text, at, l);
    else if (is_lower_letter(l.value))
      put_upper(out, l.value);
    else
      out += text.substr(at, l.bytes);
    at += l.bytes;
  }
  return out;
}

namespace {

bool all_of_case(View text, bool wanted_upper) {
  bool any = false;
  for (size_t at = 0; at < text.size();) {
    const Letter l = letter_at(text, at);
    const bool wanted = wanted_upper ? is_upper_letter(l.value) : is_lower_letter(l.value);
    if (!wanted && is_cased(l.value)) return false;
    any = any || wanted;
    at += l.bytes;
  }
  return any;
}

}  // namespace

bool all_lower(View text) { return all_of_case(text, false); }
bool all_upper(View text) { return all_of_case(text, true); }

View strip(View text, const View* of, bool left, bool right) {
  std::vector<int32_t> set;
  if (of)
    for (size_t at = 0; at < of->size();) {
      const Letter l = letter_at(*of, at);
      set.push_back(l.value);
      at += l.bytes;
    }
  std::sort(set.begin(), set.end());
  const auto goes = [&](int32_t c) { return of ? std::binary_search(set.begin(), set.end(), c) : is_space(c); };
  while (left && !text.empty()) {
    const Letter l = letter_at(text, 0);
    if (!goes(l.value)) break;
    text.remove_prefix(l.bytes);
  }
  while (right && !text.empty()) {
    size_t at = text.size() - 1;
    while (at > 0 && (static_cast<uint8_t>(text[at]) & 0xC0) == 0x80) --at;
    if (!goes(letter_at(text, at).value)) break;
    text = text.substr(0, at);
  }
  return text;
}

size_t find_in(View text, View what, size_t from) {
  if (from > text.size()) return View::npos;
  const void* found = ::memmem(text.data() + from, text.size() - from, what.data(), what.size());
  return found ? static_cast<size_t>(static_cast<const char*>(found) - text.data()) : View::npos;
}

size_t find_last_in(View text, View what) {
  if (what.empty()) return text.size();
  // The texts turned round: what comes last comes first.
  const std::string backwards(text.rbegin(), text.rend()), wanted(what.rbegin(), what.rend());
  const size_t found = find_in(backwards, wanted);
  return found == View::npos ? found : text.size() - found - what.size();
}

std::vector<View> split(View text, const View* by, int64_t max) {
  std::vector<View> out;
  if (by) {
    size_t at = 0;
    for (; max != 0; --max) {
      const size_t found = find_in(text, *by, at);
      if (found == View::npos) break;
      out.push_back(text.substr(at, found - at));
      at = found + by->size();
    }
    out.push_back(text.substr(at));
    return out;
  }
  while (true) {
    text = strip(text, nullptr, true, false);
    if (text.empty()) return out;
    if (max-- == 0) {
      out.push_back(text);
      return out;
    }
    size_t end = 0;
    while (end < text.size() && !is_space(letter_at(text, end).value)) end += letter_at(text, end).bytes;
    out.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
}

std::vector<View> split_from_right(View text, const View* by, int64_t max) {
  if (max < 0) return split(text, by, max);
  // All cuts, then the first pieces are put together again.
  std::vector<View> all = split(text, by, -1);
  const size_t kept = static_cast<size_t>(std::min<int64_t>(max, static_cast<int64_t>(all.size())));
  if (all.size() <= kept + (by ? 1U : 0U)) return all;
  const View last_joined = all[all.size() - kept - 1];
  const char* begin = by ? text.data() : all.front().data();
  std::vector<View> out{View(begin, static_cast<size_t>(last_joined.data() + last_joined.size() - begin))};
  if (!by) {  // without separators, blanks before the first piece stay, those behind it do not
    out[0] = strip(View(text.data(), static_cast<size_t>(last_joined.data() + last_joined.size() - text.data())), nullptr, false, true);
  }
  out.insert(out.end(), all.end() - static_cast<std::ptrdiff_t>(kept), all.end());
  return out;
}

std::vector<View> split_lines(View text, bool keep_ends) {
  std::vector<View> out;
  size_t begin = 0;
  for (size_t at = 0; at < text.size();) {
    const Letter l = letter_at(text, at);
    size_t end = at + l.bytes;
    const bool breaks =
        (l.value >= '\n' && l.value <= '\r') || (l.value >= 0x1C && l.value <= 0x1E) || l.value == 0x85 || l.value == 0x2028 || l.value == 0x2029;
    if (breaks) {
      if (l.value == '\r' && end < text.size() && text[end] == '\n') ++end;
      out.push_back(text.substr(begin, (keep_ends ? end : at) - begin));
      begin = end;
    }
    at = end;
  }
  if (begin < text.size()) out.push_back(text.substr(begin));
  return out;
}

std::string repr_of(View text) {
  const char quote = text.find('\'') != View::npos && text.find('"') == View::npos ? '"' : '\'';
  std::string out(1, quote);
  for (size_t at = 0; at < text.size();) {
    const Letter l = letter_at(text, at);
    const int32_t c = l.value;
    const auto category = utf8proc_category(c);
    const bool plain = c == ' ' || !(category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_CF || category == UTF8PROC_CATEGORY_CS ||
                                     category == UTF8PROC_CATEGORY_CO || category == UTF8PROC_CATEGORY_CN || category == UTF8PROC_CATEGORY_ZL ||
                                     category == UTF8PROC_CATEGORY_ZP || category == UTF8PROC_CATEGORY_ZS);
    if (c == quote || c == '\\')
      out += '\\', out += static_cast<char>(c);
    else if (c == '\n')
      out += "\\n";
    else if (c == '\t')
      out += "\\t";
    else if (c == '\r')
      out += "\\r";
    else if (plain)
      out += text.substr(at, l.bytes);
    else if (c < 0x100)
      out += fmt::format("\\x{:02x}", c);
    else if (c < 0x10000)
      out += fmt::format("\\u{:04x}", c);
    else
      out += fmt::format("\\U{:08x}", c);
    at += l.bytes;
  }
  return out + quote;
}

std::string real_text(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  std::string out = fmt::format("{}", value);
  if (out.find_first_of(".en") == std::string::npos) out += ".0";
  return out;
}

namespace {

/// The digits without blanks around them and without the _ that may stand between two of them; nothing if one stands elsewhere.
std::optional<std::string> digits_of(View text) {
  const View inner = strip(text, nullptr, true, true);
  std::string out;
  for (size_t i = 0; i < inner.size(); ++i) {
    const auto alphanumeric = [&](size_t at) { return at < inner.size() && std::isalnum(static_cast<unsigned char>(inner[at])) != 0; };
    if (inner[i] != '_')
      out += inner[i];
    else if (i == 0 || !alphanumeric(i - 1) || !alphanumeric(i + 1))
      return {};
  }
  return out;
}

bool beyond_ascii(View text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<uint8_t>(c) >= 0x80; });
}
/// Whether a text holds digits beyond ASCII, which Python reads.
bool wide_digits(View text) {
  for (size_t at = 0; at < text.size();) {
    const Letter l = letter_at(text, at);
    if (l.value >= 0x80 && utf8proc_category(l.value) == UTF8PROC_CATEGORY_ND) return true;
    at += l.bytes;
  }
  return false;
}

}  // namespace

ReadNumber read_integer(View text, int64_t base) {
  if (beyond_ascii(text) && wide_digits(text)) return {{}, {}, "a number in digits beyond ASCII"};
  const auto clean = digits_of(text);
  if (!clean) return {};
  View digits = *clean;
  const bool negative = !digits.empty() && digits[0] == '-';
  if (!digits.empty() && (digits[0] == '-' || digits[0] == '+')) digits.remove_prefix(1);
  const auto prefixed = [&](char letter) { return digits.size() > 2 && digits[0] == '0' && (digits[1] | 32) == letter; };
  for (const auto& [letter, of] : {std::pair<char, int64_t>{'x', 16}, {'o', 8}, {'b', 2}})
    if ((base == of || base == 0) && prefixed(letter)) {
      digits.remove_prefix(2);
      base = of;
      break;
    }
  if (base == 0) {
    if (digits.size() > 1 && digits[0] == '0' && digits.find_first_not_of('0') != View::npos) return {};
    base = 10;
  }
  if (digits.empty() || base < 2 || base > 36) return {};
  uint64_t value = 0;
  bool large = false;
  for (const char c : digits) {
    const int64_t digit = c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'z' ? (c | 32) - 'a' + 10 : 99;
    if (digit >= base) return {};
    large = large || value > (UINT64_MAX - static_cast<uint64_t>(digit)) / static_cast<uint64_t>(base);
    value = value * static_cast<uint64_t>(base) + static_cast<uint64_t>(digit);
  }
  if (large || value > static_cast<uint64_t>(INT64_MAX)) return {{}, {}, "an integer beyond 64 bits"};
  return {negative ? -static_cast<int64_t>(value) : static_cast<int64_t>(value), {}, nullptr};
}

ReadNumber read_real(View text) {
  if (beyond_ascii(text) && wide_digits(text)) return {{}, {}, "a number in digits beyond ASCII"};
  const View inner = strip(text, nullptr, true, true);
  std::string clean;
  for (size_t i = 0; i < inner.size(); ++i) {
    const auto digit = [&](size_t at) { return at < inner.size() && inner[at] >= '0' && inner[at] <= '9'; };
    if (inner[i] != '_')
      clean += inner[i];
    else if (i == 0 || !digit(i - 1) || !digit(i + 1))
      return {};
  }
  View digits = clean;
  const bool negative = !digits.empty() && digits[0] == '-';
  if (!digits.empty() && (digits[0] == '-' || digits[0] == '+')) digits.remove_prefix(1);
  if (digits.empty()) return {};
  const std::string small = lower_case(std::string(digits));
  double value = 0;
  if (small == "inf" || small == "infinity") {
    value = INFINITY;
  } else if (small == "nan") {
    value = NAN;
  } else {
    if (small.find_first_not_of("0123456789.e+-") != std::string::npos || small[0] == '-' || small[0] == '+') return {};
    const auto [end, problem] = std::from_chars(small.data(), small.data() + small.size(), value);
    if (end != small.data() + small.size() || problem == std::errc::invalid_argument) return {};
    if (problem == std::errc::result_out_of_range) {  // too large or too small: by the exponent that is written, or by the digits
      const size_t e = small.find('e');
      value = e != std::string::npos && small.substr(e + 1, 1) == "-" ? 0 : INFINITY;
    }
  }
  return {{}, negative ? -value : value, nullptr};
}

}  // namespace ptah::jinja
