// Numbers and bytes as Ethereum writes them: hex, 256-bit numbers, RLP.
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/hex.h"
#include "base/json.h"
#include "own/keccak.h"

namespace ptah {

/// A number of 256 bits, the most significant byte first.
using Uint256 = Bytes32;
Uint256 uint256(uint64_t value);
/// From "123", "0x7b" or a JSON number that is a whole one; −1 is two's complement. Errors: invalid_argument.
Result<Uint256> parse_uint256(std::string_view text);
Result<Uint256> parse_uint256(const Json& value);
/// In decimal.
std::string to_decimal(const Uint256& value);
/// As JSON-RPC has it: 0x without leading zeros.
std::string quantity(const Uint256& value);
inline std::string quantity(uint64_t value) { return quantity(uint256(value)); }
/// Wei in ether, cut (not rounded) to so many places, without zeros at the end.
std::string ether(const Uint256& wei, size_t places = 18);
/// Errors: invalid_argument if it needs more than 64 bits.
Result<uint64_t> to_uint64(const Uint256& value);
/// 2^256 − a: the other sign in two's complement.
Uint256 negated(const Uint256& a);
Uint256 add(const Uint256& a, const Uint256& b);
/// a · by / of; throws Failure beyond 256 bits.
Uint256 scaled(const Uint256& a, uint64_t by, uint64_t of);

/// Recursive length prefix: a byte string or a list of items.
struct Rlp {
  Bytes bytes;
  std::vector<Rlp> items;
  bool list = false;
  static Rlp of(std::span<const uint8_t> bytes) { return {Bytes(bytes.begin(), bytes.end()), {}, false}; }
  /// A number without leading zeros; zero is empty.
  static Rlp of(const Uint256& number);
  static Rlp of_list(std::vector<Rlp> items) { return {{}, std::move(items), true}; }
  Bytes encode() const;
  /// Errors: corrupt for anything but one item in its shortest form, at most `max_depth` deep.
  static Result<Rlp> parse(std::span<const uint8_t> bytes, int max_depth = 16);
};

}  // namespace ptah
