// Base64 (RFC 4648) of bytes; the inverse is from_base64() in base/text.h.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace ptah {

/// Padded with =.
inline std::string to_base64(std::span<const uint8_t> bytes) {
  static constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t at = 0; at < bytes.size(); at += 3) {
    const size_t left = bytes.size() - at;
    const uint32_t group =
        static_cast<uint32_t>(bytes[at]) << 16 | (left > 1 ? static_cast<uint32_t>(bytes[at + 1]) << 8 : 0U) | (left > 2 ? bytes[at + 2] : 0U);
    out += kDigits[group >> 18];
    out += kDigits[group >> 12 & 63];
    out += left > 1 ? kDigits[group >> 6 & 63] : '=';
    out += left > 2 ? kDigits[group & 63] : '=';
  }
  return out;
}

}  // namespace ptah
