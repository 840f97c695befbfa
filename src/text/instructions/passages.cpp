#include "text/instructions/passages.h"

#include <algorithm>
#include <array>

#include "text/tokenize/characters.h"

namespace ptah {

namespace {

bool is_word_character(int32_t c) {
  const CharacterClass kind = class_of(c);
  return c == '_' || kind == CharacterClass::letter || kind == CharacterClass::number;
}

bool has_only(std::string_view text, utf8proc_category_t wanted, utf8proc_category_t never) {
  bool any = false;
  for (size_t at = 0; at < text.size();) {
    const Character c = character_at(text, at);
    at += c.length;
    if (c.value < 0) continue;
    const utf8proc_category_t category = utf8proc_category(c.value);
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
    if (is_word_character(c.value)) {
      if (length == 0) begin = at;
      length = at + c.length - begin;
    } else if (length > 0) {
      out.push_back(text.substr(begin, length));
      length = 0;
    }
    at += c.length;
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
    const size_t behind = at + c.length;
    if (is_word_character(c.value)) {
      open = true;
      size_t end = behind;
      while (end < text.size()) {
        const Character next = character_at(text, end);
        const bool inner = next.value == '.' && end + 1 < text.size() && is_word_character(character_at(text, end + 1).value);
        if (!inner && !is_word_character(next.value)) break;
        end += next.length;
      }
      last = text.substr(at, end - at);
      at = end;
      continue;
    }
    at = behind;
    const bool wide = c.value == 0x3002 || c.value == 0xFF01 || c.value == 0xFF1F || c.value == 0x0964;
    const bool mark = wide || c.value == '!' || c.value == '?' || c.value == 0x2026 || (c.value == '.' && !is_abbreviation(last));
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
    if (c.value < 0)
      out += text[at];
    else
      out += utf8_of(utf8proc_tolower(c.value));
    at += c.length;
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
    const bool beside = whole && ((at > 0 && is_word_character(character_at(all, before).value) && is_word_character(character_at(wanted, 0).value)) ||
                                  (end < all.size() && is_word_character(character_at(all, end).value)));
    count += !beside;
    at = all.find(wanted, beside ? at + 1 : end);
  }
  return count;
}

}  // namespace ptah
