// One quantised block as small integers with a scale and an offset for each 16 of them.
#pragma once

#include <cstring>

#include "tensor/blocks.h"

namespace ptah::detail {

/// value = scale[i / 16] · q[i] + offset[i / 16]
struct UnpackedBlock {
  alignas(64) int8_t q[256];
  float scale[16], offset[16];
};

inline float half_at(const uint8_t* at) {
  f16 half;
  std::memcpy(&half, at, 2);
  return to_float(half);
}

/// What a product reads of one vector: either rounded parts or the plain values.
struct VectorParts {
  const int8_t* values;
  const float *scales, *sums16, *sums32, *plain;
};

constexpr int8_t kIq4Levels[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

/// The 6-bit scale and minimum of part j (32 values) of a q4_k or q5_k block.
inline void scale_and_minimum(const uint8_t* packed, int j, int& scale, int& minimum) {
  if (j < 4) {
    scale = packed[j] & 63;
    minimum = packed[j + 4] & 63;
  } else {
    scale = (packed[j + 4] & 15) | (packed[j - 4] >> 6) << 4;
    minimum = packed[j + 4] >> 4 | (packed[j] >> 6) << 4;
  }
}

/// The sixteen 6-bit scales of a q3_k block, −32 … 31.
inline void q3_scales(const uint8_t* packed, int* scales) {
  for (int i = 0; i < 16; ++i) {
    const int low = i < 8 ? packed[i] & 15 : packed[i - 8] >> 4;
    const int high = packed[8 + i % 4] >> (2 * (i / 4)) & 3;
    scales[i] = (low | high << 4) - 32;
  }
}

inline void unpack_nibbles(const uint8_t* nibbles, int8_t* q) {
  for (int i = 0; i < 16; ++i) q[i] = static_cast<int8_t>(nibbles[i] & 15), q[i + 16] = static_cast<int8_t>(nibbles[i] >> 4);
}

/// One scale and offset for both halves of 32 values.
inline void set_part(UnpackedBlock& out, int part, float scale, float offset) {
  out.scale[2 * part] = out.scale[2 * part + 1] = scale;
  out.offset[2 * part] = out.offset[2 * part + 1] = offset;
}

/// 4 bits a value: less 8, or with an offset.
inline void unpack_q4(bool affine, const uint8_t* block, UnpackedBlock& out) {
  unpack_nibbles(block + (affine ? 4 : 2), out.q);
  if (!affine)
    for (int i = 0; i < 32; ++i) out.q[i] = static_cast<int8_t>(out.q[i] - 8);
  set_part(out, 0, half_at(block), affine ? half_at(block + 2) : 0);
}

/// 4 bits and a fifth: less 16, or with an offset.
inline void unpack_q5(bool affine, const uint8_t* block, UnpackedBlock& out) {
  uint32_t high;
  std::memcpy(&high, block + (affine ? 4 : 2), 4);
  unpack_nibbles(block + (affine ? 8 : 6), out.q);
  for (int i = 0; i < 32; ++i) out.q[i] = static_cast<int8_t>((out.q[i] | static_cast<int>(high >> i & 1) << 4) - (affine ? 0 : 16));
  set_part(out, 0, half_at(block), affine ? half_at(block + 2) : 0);
}

inline void unpack_q2_k(const uint8_t* block, UnpackedBlock& out) {
  const float d = half_at(block + 80), minimum = half_at(block + 82);
  for (int g = 0; g < 16; ++g) {
    const uint8_t* from = block + 16 + g / 8 * 32 + g % 2 * 16;
    const int shift = g % 8 / 2 * 2;
    for (int i = 0; i < 16; ++i) out.q[16 * g + i] = static_cast<int8_t>(from[i] >> shift & 3);
    out.scale[g] = d * static_cast<float>(block[g] & 15);
    out.offset[g] = -(minimum * static_cast<float>(block[g] >> 4));
  }
}

inline void unpack_q3_k(const uint8_t* block, UnpackedBlock& out) {
  const float d = half_at(block + 108);
  int scales[16];
  q3_scales(block + 96, scales);
  for (int g = 0; g < 16; ++g) {
    const uint8_t *from = block + 32 + g / 8 * 32 + g % 2 * 16, *mask = block + g % 2 * 16;
    const int shift = g % 8 / 2 * 2, bit = g / 2;
    for (int i = 0; i < 16; ++i) out.q[16 * g + i] = static_cast<int8_t>((from[i] >> shift & 3) - (mask[i] >> bit & 1 ? 0 : 4));
    out.scale[g] = d * static_cast<float>(scales[g]);
    out.offset[g] = 0;
  }
}

/// q4_k, or q5_k with a fifth bit.
inline void unpack_q45_k(bool five, const uint8_t* block, UnpackedBlock& out) {
  const float d = half_at(block), dmin = half_at(block + 2);
  const uint8_t *high = block + 16, *low = block + (five ? 48 : 16);
  for (int part = 0; part < 8; ++part) {
    int scale, minimum;
    scale_and_minimum(block + 4, part, scale, minimum);
    set_part(out, part, d * static_cast<float>(scale), -(dmin * static_cast<float>(minimum)));
    const uint8_t* from = low + part / 2 * 32;
    for (int i = 0; i < 32; ++i) {
      int q = part % 2 ? from[i] >> 4 : from[i] & 15;
      if (five) q |= (high[i] >> part & 1) << 4;
      out.q[32 * part + i] = static_cast<int8_t>(q);
    }
  }
}

inline void unpack_q6_k(const uint8_t* block, UnpackedBlock& out) {
  const float d = half_at(block + 208);
  for (int g = 0; g < 16; ++g) {
    const int half = g / 8, quarter = g % 8 / 2;
    const uint8_t *low = block + half * 64 + quarter % 2 * 32 + g % 2 * 16, *high = block + 128 + half * 32 + g % 2 * 16;
    for (int i = 0; i < 16; ++i) {
      const int nibble = quarter < 2 ? low[i] & 15 : low[i] >> 4;
      out.q[16 * g + i] = static_cast<int8_t>((nibble | (high[i] >> 2 * quarter & 3) << 4) - 32);
    }
    out.scale[g] = d * static_cast<float>(static_cast<int8_t>(block[192 + g]));
    out.offset[g] = 0;
  }
}

inline void unpack_iq4_nl(const uint8_t* block, UnpackedBlock& out) {
  unpack_nibbles(block + 2, out.q);
  for (int i = 0; i < 32; ++i) out.q[i] = kIq4Levels[out.q[i]];
  set_part(out, 0, half_at(block), 0);
}

inline void unpack_iq4_xs(const uint8_t* block, UnpackedBlock& out) {
  const float d = half_at(block);
  uint16_t high;
  std::memcpy(&high, block + 2, 2);
  for (int part = 0; part < 8; ++part) {
    const int scale = (block[4 + part / 2] >> 4 * (part % 2) & 15) | (high >> 2 * part & 3) << 4;
    set_part(out, part, d * static_cast<float>(scale - 32), 0);
    unpack_nibbles(block + 8 + part * 16, out.q + 32 * part);
    for (int i = 0; i < 32; ++i) out.q[32 * part + i] = kIq4Levels[out.q[32 * part + i]];
  }
}

/// Kinds without blocks are left alone.
inline void unpack_block(BlockType type, const uint8_t* block, UnpackedBlock& out) {
  switch (type) {
    case BlockType::f32:
    case BlockType::f16:
    case BlockType::bf16:
      return;
    case BlockType::q4_0:
    case BlockType::q4_1:
      return unpack_q4(type == BlockType::q4_1, block, out);
    case BlockType::q5_0:
    case BlockType::q5_1:
      return unpack_q5(type == BlockType::q5_1, block, out);
    case BlockType::q8_0:
      std::memcpy(out.q, block + 2, 32);
      return set_part(out, 0, half_at(block), 0);
    case BlockType::q2_k:
      return unpack_q2_k(block, out);
    case BlockType::q3_k:
      return unpack_q3_k(block, out);
    case BlockType::q4_k:
    case BlockType::q5_k:
      return unpack_q45_k(type == BlockType::q5_k, block, out);
    case BlockType::q6_k:
      return unpack_q6_k(block, out);
    case BlockType::iq4_nl:
      return unpack_iq4_nl(block, out);
    case BlockType::iq4_xs:
      return unpack_iq4_xs(block, out);
  }
}

}  // namespace ptah::detail
