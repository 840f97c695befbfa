#include "base/philox.h"

#include <cmath>

#include "base/parallel.h"

namespace ptah {

std::array<uint32_t, 4> philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t a = uint64_t{0xD2511F53U} * counter[0], b = uint64_t{0xCD9E8D57U} * counter[2];
    counter = {static_cast<uint32_t>(b >> 32) ^ counter[1] ^ key[0], static_cast<uint32_t>(b), static_cast<uint32_t>(a >> 32) ^ counter[3] ^ key[1],
               static_cast<uint32_t>(a)};
    key[0] += 0x9E3779B9U;
    key[1] += 0xBB67AE85U;
  }
  return counter;
}

namespace {

std::array<uint32_t, 4> block(uint64_t seed, uint64_t stream, uint64_t index) {
  return philox4x32({static_cast<uint32_t>(index), static_cast<uint32_t>(index >> 32), static_cast<uint32_t>(stream), static_cast<uint32_t>(stream >> 32)},
                    {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)});
}

std::array<float, 2> box_muller(uint32_t a, uint32_t b) {
  const double u = (static_cast<double>(a) + 1.0) * 0x1p-32, v = static_cast<double>(b) * 0x1p-32;
  const double radius = std::sqrt(-2.0 * std::log(u)), angle = 6.283185307179586 * v;
  return {static_cast<float>(radius * std::cos(angle)), static_cast<float>(radius * std::sin(angle))};
}

}  // namespace

uint32_t Random::u32() {
  if (block_index_ != index_ / 4) {
    block_index_ = index_ / 4;
    block_ = block(seed_, stream_, block_index_);
  }
  return block_[index_++ % 4];
}

float Random::normal() {
  const uint32_t a = u32();
  return box_muller(a, u32())[0];
}

void fill_normal(std::span<float> out, uint64_t seed, uint64_t stream) {
  parallel_for((static_cast<int64_t>(out.size()) + 3) / 4, 400, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const auto words = block(seed, stream, static_cast<uint64_t>(i));
      const auto first = box_muller(words[0], words[1]), second = box_muller(words[2], words[3]);
      const float four[] = {first[0], first[1], second[0], second[1]};
      for (size_t j = 0; j < 4 && static_cast<size_t>(i) * 4 + j < out.size(); ++j) out[static_cast<size_t>(i) * 4 + j] = four[j];
    }
  });
}

}  // namespace ptah
