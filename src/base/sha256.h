// SHA-256 (FIPS 180-4), from OpenSSL.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <span>
#include <string>

#include "base/error.h"

namespace ptah {

using Digest = std::array<uint8_t, 32>;

Digest sha256(std::span<const uint8_t> bytes);
/// Of the parts one after the other.
Digest sha256_of_parts(std::initializer_list<std::span<const uint8_t>> parts);
std::string hex(std::span<const uint8_t> bytes);
inline std::string sha256_hex(std::span<const uint8_t> bytes) { return hex(sha256(bytes)); }
/// Of a whole file, in hex; not more than a few MiB of it are in memory at once. Errors: not_found, permission, io.
Result<std::string> sha256_of_file(const std::filesystem::path& path);

}  // namespace ptah
