// Seeds: 0 to 2^64 - 1, or -1 for a random one, as on the command line.
#pragma once

#include <concepts>
#include <cstdint>

namespace ptah {

/// A whole number. -1 asks for a random seed, which the receipt of a work then names; other negative numbers are refused where the seed is used.
class Seed {
 public:
  constexpr Seed() = default;
  template <std::integral T>
  constexpr Seed(T number) : value_(static_cast<std::uint64_t>(number)) {
    if constexpr (std::signed_integral<T>) random_ = number == -1, bad_ = number < -1;
  }
  constexpr std::uint64_t value() const { return value_; }
  constexpr bool random() const { return random_; }
  constexpr bool valid() const { return !bad_; }

 private:
  std::uint64_t value_ = 0;
  bool random_ = false, bad_ = false;
};

}  // namespace ptah
