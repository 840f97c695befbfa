// Bytes as Ethereum and its wallets write them: 0x and two digits a byte. Digests and tokens: digits alone.
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "base/file.h"

namespace ptah {

/// 0 to 15; −1 for what is no digit.
int hex_digit(char c);
/// "0x…", two digits a byte.
std::string hex_text(std::span<const uint8_t> bytes);
/// Whether a text is just so many digits, letters small: 64 of a SHA-256 digest.
inline bool is_hex(std::string_view text, size_t digits) {
  return text.size() == digits && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}
/// Errors: corrupt for anything but 0x and whole bytes in hex.
Result<Bytes> parse_hex(std::string_view text);

/// The same for so many bytes. Errors: corrupt for any other number of them.
template <size_t N>
Result<std::array<uint8_t, N>> parse_hex_of(std::string_view text) {
  PTAH_TRY(const Bytes bytes, parse_hex(text));
  if (bytes.size() != N) return fail(ErrorCode::corrupt, "{} bytes where {} are needed", bytes.size(), N);
  std::array<uint8_t, N> out;
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return out;
}

}  // namespace ptah
