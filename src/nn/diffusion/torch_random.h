// The normal numbers of PyTorch's generator on a processor, so that a seed gives here the noise that it gives in programs built on it.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace ptah {

/// Mersenne Twister (MT19937: Matsumoto and Nishimura 1998) as torch.manual_seed begins it.
class TorchRandom {
 public:
  explicit TorchRandom(uint64_t seed);
  uint32_t u32();
  /// As torch.randn of as many f32 numbers, at least 16: Box and Muller's transform on blocks of 16 numbers of 24 bits. To about 1e-6 (PyTorch takes faster
  /// logarithms and cosines).
  void fill_normal(std::span<float> out);

 private:
  static constexpr size_t kWords = 624;
  std::array<uint32_t, kWords> state_{};
  size_t at_ = kWords;
};

}  // namespace ptah
