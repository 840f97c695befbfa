#include "nn/diffusion/torch_random.h"

#include <cmath>
#include <numbers>

#include "base/error.h"

namespace ptah {

TorchRandom::TorchRandom(uint64_t seed) {
  state_[0] = static_cast<uint32_t>(seed);
  for (size_t i = 1; i < kWords; ++i) state_[i] = 1812433253U * (state_[i - 1] ^ state_[i - 1] >> 30) + static_cast<uint32_t>(i);
}

uint32_t TorchRandom::u32() {
  if (at_ == kWords) {
    for (size_t i = 0; i < kWords; ++i) {
      const uint32_t joined = (state_[i] & 0x80000000U) | (state_[(i + 1) % kWords] & 0x7FFFFFFFU);
      state_[i] = state_[(i + 397) % kWords] ^ joined >> 1 ^ ((joined & 1) ? 0x9908B0DFU : 0);
    }
    at_ = 0;
  }
  uint32_t y = state_[at_++];
  y ^= y >> 11;
  y ^= (y << 7) & 0x9D2C5680U;
  y ^= (y << 15) & 0xEFC60000U;
  return y ^ y >> 18;
}

void TorchRandom::fill_normal(std::span<float> out) {
  constexpr size_t kBlock = 16;
  PTAH_CHECK(out.size() >= kBlock, "PyTorch's noise of {} numbers; at least {}", out.size(), kBlock);
  const auto uniform = [&] { return static_cast<float>(u32() & 0xFFFFFFU) * 0x1p-24F; };
  const auto transform = [&](size_t begin) {
    for (size_t i = begin; i < begin + kBlock / 2; ++i) {
      const double radius = std::sqrt(-2 * std::log(1 - static_cast<double>(out[i])));
      const double angle = 2 * std::numbers::pi * static_cast<double>(out[i + kBlock / 2]);
      out[i] = static_cast<float>(radius * std::cos(angle));
      out[i + kBlock / 2] = static_cast<float>(radius * std::sin(angle));
    }
  };
  for (float& value : out) value = uniform();
  for (size_t begin = 0; begin + kBlock <= out.size(); begin += kBlock) transform(begin);
  if (out.size() % kBlock == 0) return;
  // The last block is drawn again, overlapping the one before.
  const size_t begin = out.size() - kBlock;
  for (size_t i = begin; i < out.size(); ++i) out[i] = uniform();
  transform(begin);
}

}  // namespace ptah
