#include "tensor/blocks.h"

#include <cmath>
#include <cstring>

#include "tensor/cpu/unpack_block.h"

namespace ptah {

const BlockLayout& layout_of(BlockType type) {
  static constexpr std::array<BlockLayout, kBlockTypes> kLayouts{{{"f32", 1, 4},
                                                                  {"f16", 1, 2},
                                                                  {"bf16", 1, 2},
                                                                  {"q4_0", 32, 18},
                                                                  {"q4_1", 32, 20},
                                                                  {"q5_0", 32, 22},
                                                                  {"q5_1", 32, 24},
                                                                  {"q8_0", 32, 34},
                                                                  {"q2_k", 256, 84},
                                                                  {"q3_k", 256, 110},
                                                                  {"q4_k", 256, 144},
                                                                  {"q5_k", 256, 176},
                                                                  {"q6_k", 256, 210},
                                                                  {"iq4_nl", 32, 18},
                                                                  {"iq4_xs", 256, 136}}};
  return kLayouts[static_cast<size_t>(type)];
}

std::optional<BlockType> block_type_by_name(std::string_view name) {
  for (int i = 0; i < kBlockTypes; ++i)
    if (layout_of(static_cast<BlockType>(i)).name == name) return static_cast<BlockType>(i);
  return {};
}

int64_t block_bytes(BlockType type, int64_t elements) {
  const BlockLayout& layout = layout_of(type);
  return elements / layout.elements * layout.bytes;
}

namespace {

void put_half(float value, uint8_t* to) {
  const f16 half = to_f16(value);
  std::memcpy(to, &half, 2);
}

/// The value of largest magnitude, with its sign; the first of equals.
float largest(const float* x) {
  float most = 0, found = 0;
  for (int i = 0; i < 32; ++i)
    if (most < std::abs(x[i])) most = std::abs(x[i]), found = x[i];
  return found;
}

/// Puts 32 levels of 4 or 5 bits behind a block's head: the fifth bits first, then the nibbles.
template <class Level>
void pack_levels(const float* x, int bits, const Level& level, uint8_t* to) {
  uint8_t* nibbles = to + (bits == 5 ? 4 : 0);
  uint32_t high = 0;
  for (int i = 0; i < 16; ++i) {
    const int a = level(x[i]), b = level(x[i + 16]);
    nibbles[i] = static_cast<uint8_t>((a & 15) | (b & 15) << 4);
    high |= static_cast<uint32_t>(a >> 4 & 1) << i | static_cast<uint32_t>(b >> 4 & 1) << (i + 16);
  }
  if (bits == 5) std::memcpy(to, &high, 4);
}

/// q4_0 and q5_0: signed, the largest value sits on −2^(bits − 1).
void quantize_symmetric(const float* x, int bits, uint8_t* block) {
  const int half = 1 << (bits - 1);
  const float d = largest(x) / static_cast<float>(-half), inverse = d != 0 ? 1 / d : 0;
  put_half(d, block);
  const auto level = [&](float v) { return std::min(2 * half - 1, static_cast<int>(static_cast<int8_t>(v * inverse + (static_cast<float>(half) + 0.5F)))); };
  pack_levels(x, bits, level, block + 2);
}

/// q4_1 and q5_1: between the smallest and the largest value.
void quantize_affine(const float* x, int bits, uint8_t* block) {
  float low = x[0], top = x[0];
  for (int i = 1; i < 32; ++i) low = std::min(low, x[i]), top = std::max(top, x[i]);
  const int most = (1 << bits) - 1;
  const float d = (top - low) / static_cast<float>(most), inverse = d != 0 ? 1 / d : 0;
  put_half(d, block);
  put_half(low, block + 2);
  const auto level = [&](float v) {
    const auto raw = static_cast<int>((v - low) * inverse + 0.5F);
    return bits == 4 ? std::min(most, raw) : raw;
  };
  pack_levels(x, bits, level, block + 4);
}

void quantize_q8_0(const float* x, uint8_t* block) {
  const float d = std::abs(largest(x)) / 127, inverse = d != 0 ? 1 / d : 0;
  put_half(d, block);
  for (int i = 0; i < 32; ++i) block[2 + i] = static_cast<uint8_t>(static_cast<int8_t>(std::round(x[i] * inverse)));
}

}  // namespace

Result<void> quantize(BlockType type, const float* values, int64_t elements, uint8_t* blocks) {
  const BlockLayout& layout = layout_of(type);
  PTAH_CHECK(elements % layout.elements == 0, "{} values in blocks of {}", elements, layout.elements);
  for (int64_t at = 0; at < elements; at += layout.elements, blocks += layout.bytes) {
    const float* x = values + at;
    switch (type) {
      case BlockType::f32:
        std::memcpy(blocks, x, 4);
        break;
      case BlockType::f16:
        put_half(*x, blocks);
        break;
      case BlockType::bf16: {
        const bf16 narrow = to_bf16(*x);
        std::memcpy(blocks, &narrow, 2);
        break;
      }
      case BlockType::q4_0:
        quantize_symmetric(x, 4, blocks);
        break;
      case BlockType::q5_0:
        quantize_symmetric(x, 5, blocks);
        break;
      case BlockType::q4_1:
        quantize_affine(x, 4, blocks);
        break;
      case BlockType::q5_1:
        quantize_affine(x, 5, blocks);
        break;
      case BlockType::q8_0:
        quantize_q8_0(x, blocks);
        break;
      default:
        return fail(ErrorCode::unsupported, "quantising to {}; possible: f32 f16 bf16 q4_0 q4_1 q5_0 q5_1 q8_0", layout.name);
    }
  }
  return {};
}

}  // namespace ptah
