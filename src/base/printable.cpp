#include "base/printable.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "base/text.h"

namespace ptah {

namespace {

struct Range {
  char32_t first, last;
};
/// What is not shown as it is (Unicode 15: Cc, Zl, Zp, Bidi_Control, Default_Ignorable_Code_Point without variation selectors 1 to 16, blanks that are letters,
/// interlinear annotation, noncharacters of the first plane).
constexpr std::array<Range, 22> kHidden{{{0x00, 0x1F},       {0x7F, 0x9F},       {0xAD, 0xAD},       {0x034F, 0x034F},  {0x061C, 0x061C}, {0x115F, 0x1160},
                                         {0x17B4, 0x17B5},   {0x180B, 0x180F},   {0x200B, 0x200F},   {0x2028, 0x202E},  {0x2060, 0x206F}, {0x2800, 0x2800},
                                         {0x3164, 0x3164},   {0xFDD0, 0xFDEF},   {0xFEFF, 0xFEFF},   {0xFFA0, 0xFFA0},  {0xFFF0, 0xFFFB}, {0xFFFE, 0xFFFF},
                                         {0x13430, 0x1345F}, {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF}}};

bool hidden(char32_t c) {
  if ((c & 0xFFFE) == 0xFFFE) return true;  // the last two of every plane are no characters
  const auto* found = std::upper_bound(kHidden.begin(), kHidden.end(), c, [](char32_t value, const Range& range) { return value < range.first; });
  return found != kHidden.begin() && c <= std::prev(found)->last;
}

/// One character of a text: its bytes and code point; code point 0xFFFFFFFF for a byte that begins no valid sequence.
struct Character {
  std::string_view bytes;
  char32_t value = 0;
};
constexpr char32_t kInvalid = 0xFFFFFFFF;

Character character_at(std::string_view text, size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  const size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  const std::string_view bytes = text.substr(at, length);
  if (bytes.size() < length || invalid_utf8_at(bytes) != std::string_view::npos) return {text.substr(at, 1), kInvalid};
  char32_t value = length == 1 ? lead : lead & (0x7FU >> length);
  for (size_t i = 1; i < length; ++i) value = value << 6 | (static_cast<unsigned char>(bytes[i]) & 0x3FU);
  return {bytes, value};
}

std::string escaped(const Character& c) {
  if (c.value == '\n') return "\\n";
  if (c.value == '\r') return "\\r";
  if (c.value == '\t') return "\\t";
  if (c.value == kInvalid) return fmt::format("\\x{:02x}", static_cast<unsigned char>(c.bytes[0]));
  if (c.value < 0x80) return fmt::format("\\x{:02x}", static_cast<uint32_t>(c.value));
  return fmt::format("\\u{{{:x}}}", static_cast<uint32_t>(c.value));
}

/// `keep`: whether a hidden character stays; `write`: another form of a visible one (empty: as it is).
template <class Keep, class Write>
std::string shown(std::string_view text, size_t max_bytes, const Keep& keep, const Write& write) {
  constexpr std::string_view kCut = "…";
  std::string out;
  size_t whole = 0;  // how much of `out` may stand before the mark of a cut
  for (size_t at = 0; at < text.size();) {
    const Character c = character_at(text, at);
    const bool bad = c.value == kInvalid || (hidden(c.value) && !keep(c.value));
    const std::string other = bad ? escaped(c) : write(c.value);
    const std::string_view put = other.empty() ? c.bytes : std::string_view(other);
    if (put.size() > max_bytes - out.size()) return out.substr(0, whole).append(kCut.substr(0, max_bytes));
    out += put;
    if (out.size() + kCut.size() <= max_bytes) whole = out.size();
    at += c.bytes.size();
  }
  return out;
}

constexpr auto kNone = [](char32_t) { return false; };
constexpr auto kAsItIs = [](char32_t) { return std::string(); };

}  // namespace

std::string printable(std::string_view text, size_t max_bytes) { return shown(text, max_bytes, kNone, kAsItIs); }

std::string in_quotes(std::string_view text, size_t max_bytes) {
  return '"' + shown(text, max_bytes, kNone, [](char32_t c) { return std::string(c == '"' ? "\\\"" : ""); }) + '"';
}

std::string printable_lines(std::string_view text) {
  return shown(
      text, std::string::npos, [](char32_t c) { return c == '\n' || c == '\t'; }, kAsItIs);
}

std::string printable_json(std::string_view json) {
  std::string out;
  for (size_t at = 0; at < json.size();) {
    const Character c = character_at(json, at);
    at += c.bytes.size();
    if (c.value == kInvalid)
      out += "\\ufffd";
    else if (c.value == '\n' || c.value == ' ' || !hidden(c.value))  // outside of strings JSON has no other blanks; inside they are escaped already
      out += c.bytes;
    else if (c.value < 0x10000)
      out += fmt::format("\\u{:04x}", static_cast<uint32_t>(c.value));
    else
      out += fmt::format("\\u{:04x}\\u{:04x}", 0xD800 + ((c.value - 0x10000) >> 10), 0xDC00 + ((c.value - 0x10000) & 0x3FF));
  }
  return out;
}

}  // namespace ptah
