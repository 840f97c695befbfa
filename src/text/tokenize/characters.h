// Characters of UTF-8 texts, as the tokenizers see them.
#pragma once

#include <utf8proc.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/text.h"

namespace ptah {

/// One code point, or a single byte where the bytes are not UTF-8 (then `value` is −1).
struct Character {
  int32_t value;
  size_t length;
};

inline Character character_at(std::string_view text, size_t at) {
  const auto first = static_cast<uint8_t>(text[at]);
  if (first < 0x80) return {first, 1};
  utf8proc_int32_t value = -1;
  const auto length = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data() + at), static_cast<utf8proc_ssize_t>(text.size() - at), &value);
  if (length <= 0 || value < 0) return {-1, 1};
  return {value, static_cast<size_t>(length)};
}

enum class CharacterClass : uint8_t { letter, number, space, newline, other };

/// Letters \p{L}, numbers \p{N}, and white space with \n and \r apart; −1 is other.
inline CharacterClass class_of(int32_t c) {
  if (c < 0) return CharacterClass::other;
  if (c < 0x80) {
    if ((c | 32) >= 'a' && (c | 32) <= 'z') return CharacterClass::letter;
    if (c >= '0' && c <= '9') return CharacterClass::number;
    if (c == '\n' || c == '\r') return CharacterClass::newline;
    return c == ' ' || (c >= 9 && c <= 12) ? CharacterClass::space : CharacterClass::other;
  }
  if (c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000)
    return CharacterClass::space;
  switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
      return CharacterClass::letter;
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
      return CharacterClass::number;
    default:
      return CharacterClass::other;
  }
}

inline bool is_white(int32_t c) {
  const CharacterClass kind = class_of(c);
  return kind == CharacterClass::space || kind == CharacterClass::newline;
}

/// GPT-2's printable stand-ins for bytes: those that stand for themselves, and code points from 256 on for the others in order.
constexpr bool stands_for_itself(int byte) { return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || (byte >= 0xAE && byte <= 0xFF); }
inline const std::array<int32_t, 256>& printable_bytes() {
  static const auto table = [] {
    std::array<int32_t, 256> out;
    for (int b = 0, next = 256; b < 256; ++b) out[static_cast<size_t>(b)] = stands_for_itself(b) ? b : next++;
    return out;
  }();
  return table;
}

}  // namespace ptah
