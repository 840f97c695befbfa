#include "text/instructions/passages.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>

#include "base/text.h"

namespace ptah {

namespace {

/// A character and how many bytes it has; −1 and one byte where the text is no UTF-8.
struct Character {
  utf8proc_int32_t code = -1;
  size_t bytes = 1;
};
Character character_at(std::string_view text, size_t at) {
  utf8proc_int32_t code = -1;
  const auto size = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()) + at, static_cast<utf8proc_ssize_t>(text.size() - at), &code);
  if (size <= 0) return {};
  return {code, static_cast<size_t>(size)};
}

bool is_word_character(utf8proc_int32_t code) {
  if (code == '_') return true;
  if (code < 0) return false;
  switch (utf8proc_category(code)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
      return true;
    default:
      return false;
  }
}

bool has_only(std::string_view text, utf8proc_category_t wanted, utf8proc_category_t never) {
  bool any = false;
  for (size_t at = 0; at < text.size();) {
    const Character c = character_at(text, at);
    at += c.bytes;
    if (c.code < 0) continue;
    const utf8proc_category_t category = utf8proc_category(c.code);
    if (category == never || category == UTF8PROC_CATEGORY_LT) return false;
    any = any || category == wanted;
  }
  return any;
}

/// Whether a full stop behind this word usually ends no sentence.
bool is_abbreviation(std::string_view word) {
  constexpr std::array<std::string_view, 24> kKnown{"mr", "mrs", "ms",  "dr", "prof", "st",  "vs",  "etc", "e.g", "i.e", "jr",  "sr",
                                                    "no", "inc", "ltd", "co", "fig",  "a.m", "p.m", "u.s", "u.k", "p.s", "p.p", "approx"};
  const std::string small = lower_case(std::string(word));
  return (word.size() == 1 && small[0] >= 'a' && small[0] <= 'z') || std::find(kKnown.begin(), kKnown.end(), small) != kKnown.end();
}

}  // namespace

std::vector<std::string_view> word_runs(std::string_view text) {
  std::vector<std::string_view> out;
  size_t begin = 0, length = 0;
  for (size_t at = 0; at < text.size();) {
    const Character c = character_at(text, at);
    if (is_word_character(c.code)) {
      if (length == 0) begin = at;
      length = at + c.bytes - begin;
    } else if (length > 0) {
      out.push_back(text.substr(begin, length));
      length = 0;
    }
    at += c.bytes;
  }
  if (length > 0) out.push_back(text.substr(begin, length));
  return out;
}

std::vector<std::string_view> bare_words(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n\f\v", kMarks = ".,;:!?\"'()[]{}<>*`#-";
  std::vector<std::string_view> out;
  for (size_t at = text.find_first_not_of(kBlanks); at != std::string_view::npos; at = text.find_first_not_of(kBlanks, at)) {
    const size_t end = std::min(text.find_first_of(kBlanks, at), text.size());
    std::string_view word = text.substr(at, end - at);
    at = end;
    const size_t first = word.find_first_not_of(kMarks);
    if (first == std::string_view::npos) continue;
    out.push_back(word.substr(first, word.find_last_not_of(kMarks) - first + 1));
  }
  return out;
}

size_t count_sentences(std::string_view text) {
  size_t count = 0;
  bool open = false;  // a word has come since the last end
  std::string_view last;
  for (size_t at = 0; at < text.size();) {
    const Character c = character_at(text, at);
    const size_t behind = at + c.bytes;
    if (is_word_character(c.code)) {
      open = true;
      size_t end = behind;
      while (end < text.size()) {
        const Character next = character_at(text, end);
        const bool inner = next.code == '.' && end + 1 < text.size() && is_word_character(character_at(text, end + 1).code);
        if (!inner && !is_word_character(next.code)) break;
        end += next.bytes;
      }
      last = text.substr(at, end - at);
      at = end;
      continue;
    }
    at = behind;
    const bool wide = c.code == 0x3002 || c.code == 0xFF01 || c.code == 0xFF1F || c.code == 0x0964;
    const bool mark = wide || c.code == '!' || c.code == '?' || c.code == 0x2026 || (c.code == '.' && !is_abbreviation(last));
    if (!mark || !open) continue;
    // marks that belong together, and what closes
    while (at < text.size() && std::string_view(".!?\"')]*").find(text[at]) != std::string_view::npos) ++at;
    const bool over = at >= text.size() || wide || std::string_view(" \t\r\n").find(text[at]) != std::string_view::npos;
    if (!over) continue;
    ++count;
    open = false;
  }
  return count + (open ? 1 : 0);
}

std::vector<std::string_view> split_lines(std::string_view text) { return split_at(text, "\n"); }

std::vector<std::string_view> split_at(std::string_view text, std::string_view mark) {
  std::vector<std::string_view> out;
  if (mark.empty()) return {text};
  size_t begin = 0;
  for (size_t at = text.find(mark); at != std::string_view::npos; at = text.find(mark, begin)) {
    out.push_back(text.substr(begin, at - begin));
    begin = at + mark.size();
  }
  out.push_back(text.substr(begin));
  return out;
}

std::string small_letters(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const Character c = character_at(text, at);
    std::array<utf8proc_uint8_t, 4> bytes{};
    const utf8proc_int32_t small = c.code < 0 ? -1 : utf8proc_tolower(c.code);
    const auto size = small < 0 ? 0 : utf8proc_encode_char(small, bytes.data());
    if (size > 0)
      out.append(reinterpret_cast<const char*>(bytes.data()), static_cast<size_t>(size));
    else
      out.append(text.substr(at, c.bytes));
    at += c.bytes;
  }
  return out;
}

bool all_capital(std::string_view text) { return has_only(text, UTF8PROC_CATEGORY_LU, UTF8PROC_CATEGORY_LL); }
bool all_small(std::string_view text) { return has_only(text, UTF8PROC_CATEGORY_LL, UTF8PROC_CATEGORY_LU); }

size_t count_of(std::string_view text, std::string_view part, bool whole) {
  const std::string all = small_letters(text), wanted = small_letters(part);
  if (wanted.empty()) return 0;
  size_t count = 0;
  for (size_t at = all.find(wanted); at != std::string::npos;) {
    const size_t end = at + wanted.size();
    size_t before = at;
    while (before > 0 && (static_cast<uint8_t>(all[before - 1]) & 0xC0) == 0x80) --before;
    if (before > 0) --before;
    const bool beside = whole && ((at > 0 && is_word_character(character_at(all, before).code) && is_word_character(character_at(wanted, 0).code)) ||
                                  (end < all.size() && is_word_character(character_at(all, end).code)));
    count += !beside;
    at = all.find(wanted, beside ? at + 1 : end);
  }
  return count;
}

}  // namespace ptah
