// Keccak-256 as Ethereum uses it (the padding before FIPS 202 changed it: not SHA3-256).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace ptah {

using Bytes32 = std::array<uint8_t, 32>;

Bytes32 keccak256(std::span<const uint8_t> bytes);
inline Bytes32 keccak256(std::string_view text) { return keccak256({reinterpret_cast<const uint8_t*>(text.data()), text.size()}); }

}  // namespace ptah
