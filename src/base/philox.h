// Philox4x32-10, the counter-based generator of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3"
// (SC 2011). A number depends only on (seed, stream, index), never on the order in which numbers are drawn.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace ptah {

/// One block: counter of four words and key of two → four words.
std::array<uint32_t, 4> philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key);

/// Reads a sequence of one (seed, stream) pair from any index on.
class Random {
 public:
  explicit Random(uint64_t seed, uint64_t stream = 0, uint64_t index = 0) : seed_(seed), stream_(stream), index_(index) {}
  uint32_t u32();
  /// In [0, 1), 24 bits.
  float uniform() { return static_cast<float>(u32() >> 8) * 0x1p-24F; }
  /// In [0, bound), bound > 0.
  uint32_t below(uint32_t bound) { return static_cast<uint32_t>((uint64_t{u32()} * bound) >> 32); }
  /// Standard normal (Box–Muller).
  float normal();
  /// How many words were read: Random(seed, stream, index()) goes on from here.
  uint64_t index() const { return index_; }

 private:
  uint64_t seed_, stream_, index_;
  std::array<uint32_t, 4> block_{};
  uint64_t block_index_ = ~uint64_t{0};
};

/// Fills out with standard normals; element i depends on (seed, stream, i) only.
void fill_normal(std::span<float> out, uint64_t seed, uint64_t stream);

}  // namespace ptah
