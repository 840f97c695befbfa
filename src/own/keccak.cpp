#include "own/keccak.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace ptah {

namespace {

/// Keccak-f[1600] (Bertoni, Daemen, Peeters, Van Assche 2011). Lane (x, y) is a[x + 5y].
void permute(std::array<uint64_t, 25>& a) {
  uint8_t register8 = 1;  // round constants come from a shift register over x⁸ + x⁶ + x⁵ + x⁴ + 1
  for (int round = 0; round < 24; ++round) {
    std::array<uint64_t, 5> c{};
    for (size_t x = 0; x < 5; ++x) c[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
    for (size_t x = 0; x < 5; ++x) {
      const uint64_t d = c[(x + 4) % 5] ^ std::rotl(c[(x + 1) % 5], 1);
      for (size_t y = 0; y < 25; y += 5) a[x + y] ^= d;
    }
    size_t x = 1, y = 0;
    uint64_t moving = a[1];
    for (int t = 0, turn = 0; t < 24; ++t) {
      turn = (turn + t + 1) % 64;
      const size_t next = (2 * x + 3 * y) % 5;
      x = y, y = next;
      moving = std::exchange(a[x + 5 * y], std::rotl(moving, turn));
    }
    for (size_t row = 0; row < 25; row += 5) {
      const std::array<uint64_t, 5> b{a[row], a[row + 1], a[row + 2], a[row + 3], a[row + 4]};
      for (size_t i = 0; i < 5; ++i) a[row + i] = b[i] ^ (~b[(i + 1) % 5] & b[(i + 2) % 5]);
    }
    for (int bit = 0; bit < 7; ++bit) {
      if (register8 & 1) a[0] ^= uint64_t{1} << ((1 << bit) - 1);
      register8 = static_cast<uint8_t>(register8 << 1 ^ (register8 & 0x80 ? 0x71 : 0));
    }
  }
}

}  // namespace

Bytes32 keccak256(std::span<const uint8_t> bytes) {
  constexpr size_t kRate = 136;
  static_assert(std::endian::native == std::endian::little);
  std::array<uint64_t, 25> state{};
  const auto absorb = [&](const uint8_t* block) {
    for (size_t i = 0; i < kRate / 8; ++i) {
      uint64_t lane;
      std::memcpy(&lane, block + 8 * i, 8);
      state[i] ^= lane;
    }
    permute(state);
  };
  size_t at = 0;
  for (; at + kRate <= bytes.size(); at += kRate) absorb(bytes.data() + at);
  std::array<uint8_t, kRate> last{};
  std::copy(bytes.begin() + static_cast<std::ptrdiff_t>(at), bytes.end(), last.begin());
  last[bytes.size() - at] ^= 0x01;
  last[kRate - 1] ^= 0x80;
  absorb(last.data());
  Bytes32 out;
  std::memcpy(out.data(), state.data(), out.size());
  return out;
}

}  // namespace ptah
