// Numbers for the samples of a pixel: each pair of dimensions is a Sobol sequence, scrambled and shuffled by itself (Owen 1995; Burley, "Practical Hash-based
// Owen Scrambling", 2020) with keys from Philox, so that a number depends on (seed, pixel, sample, dimension) only.
#pragma once

#include "base/philox.h"

namespace ptah {

class PixelSampler {
 public:
  PixelSampler(uint64_t seed, uint64_t pixel)
      : key_(philox4x32({static_cast<uint32_t>(pixel), static_cast<uint32_t>(pixel >> 32), 0, 0},
                        {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)})) {}
  void start(uint32_t sample) { sample_ = reversed(sample), dimension_ = 0; }
  /// Both in [0, 1).
  std::array<float, 2> two() {
    const uint32_t index = next();
    return {unit(hashed(index, seed_of(1))), unit(hashed(second(index), seed_of(2)))};
  }
  float one() {
    const uint32_t index = next();
    return unit(hashed(index, seed_of(1)));
  }
  const std::array<uint32_t, 4>& key() const { return key_; }
  static uint32_t mixed(uint32_t x) {
    x ^= x >> 16;
    x *= 0x7FEB352DU;
    x ^= x >> 15;
    x *= 0x846CA68BU;
    return x ^ (x >> 16);
  }
  static uint32_t reversed(uint32_t x) {
    x = ((x >> 1) & 0x55555555U) | ((x & 0x55555555U) << 1);
    x = ((x >> 2) & 0x33333333U) | ((x & 0x33333333U) << 2);
    x = ((x >> 4) & 0x0F0F0F0FU) | ((x & 0x0F0F0F0FU) << 4);
    return __builtin_bswap32(x);
  }

 private:
  // Fractions are kept with their first bit lowest, as the hash takes them: a bit changes only those that stand above it.
  static float unit(uint32_t bits) { return static_cast<float>(reversed(bits) >> 8) * 0x1p-24F; }
  /// Owen's scrambling.
  static uint32_t hashed(uint32_t x, uint32_t seed) {
    x += seed;
    x ^= x * 0x6C50B47CU;
    x ^= x * 0xB82F1E52U;
    x ^= x * 0xC7AFE638U;
    return x ^ (x * 0x8D22F6E6U);
  }
  /// The second dimension of Sobol's sequence: the index as a polynomial of z over two elements, at z + 1.
  static uint32_t second(uint32_t index) {
    index ^= (index >> 16) & 0x0000FFFFU;
    index ^= (index >> 8) & 0x00FF00FFU;
    index ^= (index >> 4) & 0x0F0F0F0FU;
    index ^= (index >> 2) & 0x33333333U;
    return index ^ ((index >> 1) & 0x55555555U);
  }
  /// The sample's number in the order of the next pair.
  uint32_t next() {
    const uint32_t dimension = dimension_++;
    return reversed(hashed(sample_, mixed(key_[0] ^ mixed(dimension))));
  }
  uint32_t seed_of(size_t part) const { return mixed(key_[part] + dimension_ - 1); }

  std::array<uint32_t, 4> key_;
  uint32_t sample_ = 0, dimension_ = 0;
};

}  // namespace ptah
