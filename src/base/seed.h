// Seeds: one rule wherever one is asked for, kept or counted up. A seed is 0 to 2^64 − 1; −1 asks for a random one.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "base/json.h"

namespace ptah {

struct ChosenSeed {
  std::uint64_t value = 0;
  bool random = false;  ///< −1 was asked for, and `value` was chosen
};

/// From decimal digits, or "-1". Errors: invalid_argument, with the rule.
Result<ChosenSeed> parse_seed(std::string_view text);
/// From JSON: a whole number, or the same as a text. Errors: invalid_argument.
Result<ChosenSeed> seed_of(const Json& json);

/// A random one below 2^32, short enough to be typed and kept by any program.
std::uint64_t random_seed();

/// The seed of work `by` of a series. Errors: invalid_argument beyond 2^64 − 1.
Result<std::uint64_t> counted_up(std::uint64_t seed, std::uint64_t by);

}  // namespace ptah
