#include "base/hex.h"

#include "base/sha256.h"

namespace ptah {

int hex_digit(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1; }

std::string hex_text(std::span<const uint8_t> bytes) { return "0x" + hex(bytes); }

Result<Bytes> parse_hex(std::string_view text) {
  if (!text.starts_with("0x") || text.size() % 2) return fail(ErrorCode::corrupt, "'{}' is not 0x and whole bytes in hex", text.substr(0, 80));
  Bytes out;
  out.reserve(text.size() / 2);
  for (size_t i = 2; i < text.size(); i += 2) {
    const int high = hex_digit(text[i]), low = hex_digit(text[i + 1]);
    if (high < 0 || low < 0) return fail(ErrorCode::corrupt, "'{}' is not hex", text.substr(0, 80));
    out.push_back(static_cast<uint8_t>(high << 4 | low));
  }
  return out;
}

}  // namespace ptah
