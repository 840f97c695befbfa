#include "text/tokenize/added_tokens.h"

#include <algorithm>

#include "text/tokenize/characters.h"

namespace ptah {

namespace {

/// Where the character begins that ends before `at`.
size_t before(std::string_view text, size_t at) {
  size_t begin = at - 1;
  while (begin > 0 && at - begin < 4 && (static_cast<uint8_t>(text[begin]) & 0xC0) == 0x80) --begin;
  return begin;
}

/// \w of regular expressions with Unicode: alphabetic characters, marks, decimal digits, connector punctuation, joiners.
bool is_word(int32_t c) {
  if (c < 0) return false;
  switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_PC:
      return true;
    default:
      return class_of(c) == CharacterClass::letter || c == 0x200C || c == 0x200D;
  }
}

}  // namespace

void AddedTokens::add(int32_t id, std::string text, const AddedTokenRules& rules) {
  if (text.empty()) return;
  begins_[static_cast<uint8_t>(text[0])] = true;
  const auto shorter = std::find_if(tokens_.begin(), tokens_.end(), [&](const Token& other) { return other.text.size() < text.size(); });
  tokens_.insert(shorter, {id, std::move(text), rules});
}

void AddedTokens::split(std::string_view text, const std::function<void(std::string_view)>& plain, const std::function<void(int32_t)>& token) const {
  size_t start = 0;
  const auto flush = [&](size_t end) {
    if (end > start) plain(text.substr(start, end - start));
  };
  for (size_t at = 0; at < text.size() && !tokens_.empty();) {
    const auto found = !begins_[static_cast<uint8_t>(text[at])]
                           ? tokens_.end()
                           : std::find_if(tokens_.begin(), tokens_.end(), [&](const Token& one) { return text.compare(at, one.text.size(), one.text) == 0; });
    if (found == tokens_.end()) {
      ++at;
      continue;
    }
    size_t end = at + found->text.size(), begin = at;
    const bool touched = (at > 0 && is_word(character_at(text, before(text, at)).value)) || (end < text.size() && is_word(character_at(text, end).value));
    at = end;
    if (found->rules.single_word && touched) continue;
    while (found->rules.left_strip && begin > start && is_white(character_at(text, before(text, begin)).value)) begin = before(text, begin);
    while (found->rules.right_strip && end < text.size() && is_white(character_at(text, end).value)) end += character_at(text, end).length;
    flush(begin);
    token(found->id);
    start = at = end;
  }
  flush(text.size());
}

}  // namespace ptah
