// SHA-256 (FIPS 180-4), from OpenSSL.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>

namespace ptah {

using Digest = std::array<uint8_t, 32>;

Digest sha256(std::span<const uint8_t> bytes);
std::string hex(std::span<const uint8_t> bytes);
inline std::string sha256_hex(std::span<const uint8_t> bytes) { return hex(sha256(bytes)); }

}  // namespace ptah
