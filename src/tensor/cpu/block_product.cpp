// Products of block-quantised matrices with few vectors, reading each block once.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/cpu/block_product.cpp"
#include <hwy/foreach_target.h>

#include <cmath>

#include "base/memory.h"

#include "tensor/cpu/simd-inl.h"
#include "tensor/cpu/unpack_block.h"

HWY_BEFORE_NAMESPACE();
namespace ptah::HWY_NAMESPACE {

// Eight floats and thirty-two bytes: what one part of a block needs. On x86 they are the 256-bit registers, whose byte products Highway does not offer;
// elsewhere arrays that the compiler turns into vectors.
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX2

using Floats = __m256;
using Bytes32 = __m256i;

HWY_INLINE Floats zero8() { return _mm256_setzero_ps(); }
HWY_INLINE Floats splat8(float v) { return _mm256_set1_ps(v); }
HWY_INLINE Floats halves8(float low, float high) { return _mm256_set_m128(_mm_set1_ps(high), _mm_set1_ps(low)); }
HWY_INLINE Floats load8(const float* from) { return _mm256_loadu_ps(from); }
HWY_INLINE Floats load8(const bf16* from) {
  const __m128i half = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(half), 16));
}
HWY_INLINE Floats load8(const f16* from) { return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))); }
HWY_INLINE void store8(Floats v, float* to) { _mm256_storeu_ps(to, v); }
HWY_INLINE Floats add8(Floats a, Floats b) { return _mm256_add_ps(a, b); }
HWY_INLINE Floats mul8(Floats a, Floats b) { return _mm256_mul_ps(a, b); }
HWY_INLINE Floats fma8(Floats a, Floats b, Floats c) { return _mm256_fmadd_ps(a, b, c); }
HWY_INLINE float sum8(Floats v) {
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
}
HWY_INLINE Floats bytes_to_floats(uint64_t eight) { return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_cvtsi64_si128(static_cast<int64_t>(eight)))); }

HWY_INLINE Bytes32 load32(const void* from) { return _mm256_loadu_si256(static_cast<const __m256i*>(from)); }
/// Sixteen bytes: their low halves, then their high halves.
HWY_INLINE Bytes32 nibbles32(const uint8_t* from) {
  const __m128i raw = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  return _mm256_and_si256(_mm256_set_m128i(_mm_srli_epi16(raw, 4), raw), _mm256_set1_epi8(15));
}
HWY_INLINE Bytes32 low_nibbles(Bytes32 v) { return _mm256_and_si256(v, _mm256_set1_epi8(15)); }
HWY_INLINE Bytes32 high_nibbles(Bytes32 v) { return _mm256_and_si256(_mm256_srli_epi16(v, 4), _mm256_set1_epi8(15)); }
/// `value` in every byte whose bit is set.
HWY_INLINE Bytes32 spread_bits(uint32_t bits, char value) {
  const __m256i order = _mm256_set_epi64x(0x0303030303030303, 0x0202020202020202, 0x0101010101010101, 0);
  const __m256i bytes = _mm256_shuffle_epi8(_mm256_set1_epi32(static_cast<int>(bits)), order);
  const __m256i picked = _mm256_and_si256(bytes, _mm256_set1_epi64x(static_cast<int64_t>(0x8040201008040201)));
  return _mm256_and_si256(_mm256_cmpeq_epi8(picked, _mm256_set1_epi64x(static_cast<int64_t>(0x8040201008040201))), _mm256_set1_epi8(value));
}
/// ((v >> shift) & mask) << up, byte by byte.
template <int kShift, int kUp>
HWY_INLINE Bytes32 bits_of(Bytes32 v, char mask) {
  const __m256i low = _mm256_and_si256(_mm256_srli_epi16(v, kShift), _mm256_set1_epi8(mask));
  return _mm256_slli_epi16(low, kUp);
}
HWY_INLINE Bytes32 or32(Bytes32 a, Bytes32 b) { return _mm256_or_si256(a, b); }

/// Sums of four neighbouring products each. Unsigned w must stay below 128 so that no pair saturates.
HWY_INLINE Floats dot_unsigned(Bytes32 w, const int8_t* x) {
#if HWY_TARGET <= HWY_AVX3_DL
  return _mm256_cvtepi32_ps(_mm256_dpbusd_epi32(_mm256_setzero_si256(), w, load32(x)));
#else
  return _mm256_cvtepi32_ps(_mm256_madd_epi16(_mm256_maddubs_epi16(w, load32(x)), _mm256_set1_epi16(1)));
#endif
}
HWY_INLINE Floats dot_signed(Bytes32 w, const int8_t* x) {
  const __m256i turned = _mm256_sign_epi8(load32(x), w);
#if HWY_TARGET <= HWY_AVX3_DL
  return _mm256_cvtepi32_ps(_mm256_dpbusd_epi32(_mm256_setzero_si256(), _mm256_abs_epi8(w), turned));
#else
  return _mm256_cvtepi32_ps(_mm256_madd_epi16(_mm256_maddubs_epi16(_mm256_abs_epi8(w), turned), _mm256_set1_epi16(1)));
#endif
}

#else

struct Floats {
  float v[8];
};
struct Bytes32 {
  uint8_t v[32];
};

template <class F>
HWY_INLINE Floats each8(const F& f) {
  Floats out;
  for (int i = 0; i < 8; ++i) out.v[i] = f(i);
  return out;
}
template <class F>
HWY_INLINE Bytes32 each32(const F& f) {
  Bytes32 out;
  for (int i = 0; i < 32; ++i) out.v[i] = static_cast<uint8_t>(f(i));
  return out;
}
HWY_INLINE Floats splat8(float v) {
  return each8([&](int) { return v; });
}
HWY_INLINE Floats zero8() { return splat8(0); }
HWY_INLINE Floats halves8(float low, float high) {
  return each8([&](int i) { return i < 4 ? low : high; });
}
template <class T>
HWY_INLINE Floats load8(const T* from) {
  return each8([&](int i) { return to_float(from[i]); });
}
HWY_INLINE void store8(const Floats& v, float* to) { std::memcpy(to, v.v, sizeof v.v); }
HWY_INLINE Floats add8(const Floats& a, const Floats& b) {
  return each8([&](int i) { return a.v[i] + b.v[i]; });
}
HWY_INLINE Floats mul8(const Floats& a, const Floats& b) {
  return each8([&](int i) { return a.v[i] * b.v[i]; });
}
HWY_INLINE Floats fma8(const Floats& a, const Floats& b, const Floats& c) {
  return each8([&](int i) { return a.v[i] * b.v[i] + c.v[i]; });
}
HWY_INLINE float sum8(const Floats& v) {
  const float a = v.v[0] + v.v[4], b = v.v[1] + v.v[5], c = v.v[2] + v.v[6], d = v.v[3] + v.v[7];
  return (a + c) + (b + d);
}
HWY_INLINE Floats bytes_to_floats(uint64_t eight) {
  return each8([&](int i) { return static_cast<float>(eight >> (8 * i) & 255); });
}
HWY_INLINE Bytes32 load32(const void* from) {
  Bytes32 out;
  std::memcpy(out.v, from, 32);
  return out;
}
HWY_INLINE Bytes32 nibbles32(const uint8_t* from) {
  return each32([&](int i) { return i < 16 ? from[i] & 15 : from[i - 16] >> 4; });
}
HWY_INLINE Bytes32 low_nibbles(const Bytes32& v) {
  return each32([&](int i) { return v.v[i] & 15; });
}
HWY_INLINE Bytes32 high_nibbles(const Bytes32& v) {
  return each32([&](int i) { return v.v[i] >> 4; });
}
HWY_INLINE Bytes32 spread_bits(uint32_t bits, char value) {
  return each32([&](int i) { return bits >> i & 1 ? value : 0; });
}
template <int kShift, int kUp>
HWY_INLINE Bytes32 bits_of(const Bytes32& v, char mask) {
  return each32([&](int i) { return (v.v[i] >> kShift & mask) << kUp; });
}
HWY_INLINE Bytes32 or32(const Bytes32& a, const Bytes32& b) {
  return each32([&](int i) { return a.v[i] | b.v[i]; });
}
HWY_INLINE Floats dot_unsigned(const Bytes32& w, const int8_t* x) {
  return each8([&](int i) {
    int sum = 0;
    for (int j = 4 * i; j < 4 * i + 4; ++j) sum += int{w.v[j]} * x[j];
    return static_cast<float>(sum);
  });
}
HWY_INLINE Floats dot_signed(const Bytes32& w, const int8_t* x) {
  return each8([&](int i) {
    int sum = 0;
    for (int j = 4 * i; j < 4 * i + 4; ++j) sum += static_cast<int8_t>(w.v[j]) * x[j];
    return static_cast<float>(sum);
  });
}

#endif

/// Sums in the making: two chains so that additions need not wait for each other, and the share of the offsets.
template <int N>
struct Sums {
  Floats chain[2][N], offset[N];
  HWY_INLINE Sums() {
    for (int n = 0; n < N; ++n) chain[0][n] = chain[1][n] = offset[n] = zero8();
  }
  HWY_INLINE void finish(float* out) const {
    for (int n = 0; n < N; ++n) out[n] = sum8(add8(add8(chain[0][n], chain[1][n]), offset[n]));
  }
};

// ---- kinds with blocks of 32

/// Half to float without a branch.
HWY_INLINE float half(const uint8_t* at) {
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX2
  uint16_t bits;
  std::memcpy(&bits, at, 2);
  return _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(bits)));
#else
  return detail::half_at(at);
#endif
}

template <BlockType kType>
struct Small;
template <>
struct Small<BlockType::q4_0> {
  static constexpr bool is_signed = false, affine = true;
  static HWY_INLINE Bytes32 values(const uint8_t* block) { return nibbles32(block + 2); }
  static HWY_INLINE float offset(const uint8_t*, float d) { return -8 * d; }
};
template <>
struct Small<BlockType::q4_1> {
  static constexpr bool is_signed = false, affine = true;
  static HWY_INLINE Bytes32 values(const uint8_t* block) { return nibbles32(block + 4); }
  static HWY_INLINE float offset(const uint8_t* block, float) { return half(block + 2); }
};
template <>
struct Small<BlockType::q5_0> {
  static constexpr bool is_signed = false, affine = true;
  static HWY_INLINE Bytes32 values(const uint8_t* block) {
    uint32_t high;
    std::memcpy(&high, block + 2, 4);
    return or32(nibbles32(block + 6), spread_bits(high, 16));
  }
  static HWY_INLINE float offset(const uint8_t*, float d) { return -16 * d; }
};
template <>
struct Small<BlockType::q5_1> {
  static constexpr bool is_signed = false, affine = true;
  static HWY_INLINE Bytes32 values(const uint8_t* block) {
    uint32_t high;
    std::memcpy(&high, block + 4, 4);
    return or32(nibbles32(block + 8), spread_bits(high, 16));
  }
  static HWY_INLINE float offset(const uint8_t* block, float) { return half(block + 2); }
};
template <>
struct Small<BlockType::q8_0> {
  static constexpr bool is_signed = true, affine = false;
  static HWY_INLINE Bytes32 values(const uint8_t* block) { return load32(block + 2); }
  static HWY_INLINE float offset(const uint8_t*, float) { return 0; }
};

template <BlockType kType, int N>
void small_blocks(const uint8_t* w, int64_t columns, const detail::VectorParts* x, float* out) {
  using Kind = Small<kType>;
  constexpr int64_t kBytes = kType == BlockType::q4_0 ? 18 : kType == BlockType::q4_1 ? 20 : kType == BlockType::q5_0 ? 22 : kType == BlockType::q5_1 ? 24 : 34;
  Sums<N> sums;
  float offsets[N] = {};
  const int64_t blocks = columns / 32;
  const auto one = [&](int64_t b, int chain) HWY_ATTR {
    const uint8_t* block = w + b * kBytes;
    const Bytes32 q = Kind::values(block);
    const float d = half(block);
    for (int n = 0; n < N; ++n) {
      const Floats dot = Kind::is_signed ? dot_signed(q, x[n].values + 32 * b) : dot_unsigned(q, x[n].values + 32 * b);
      sums.chain[chain][n] = fma8(splat8(d * x[n].scales[b]), dot, sums.chain[chain][n]);
    }
    if constexpr (Kind::affine) {
      const float offset = Kind::offset(block, d);
      for (int n = 0; n < N; ++n) offsets[n] += offset * x[n].sums32[b];
    }
  };
  int64_t b = 0;
  for (; b + 2 <= blocks; b += 2) {
    one(b, 0);
    one(b + 1, 1);
  }
  if (b < blocks) one(b, 0);
  sums.finish(out);
  for (int n = 0; n < N; ++n) out[n] += offsets[n];
}

// ---- kinds with blocks of 256

/// The eight 6-bit scales and minimums of a q4_k or q5_k block as bytes.
HWY_INLINE void six_bit_pairs(const uint8_t* packed, uint64_t& scales, uint64_t& minimums) {
  uint32_t a, b, c;
  std::memcpy(&a, packed, 4);
  std::memcpy(&b, packed + 4, 4);
  std::memcpy(&c, packed + 8, 4);
  const uint32_t high_scales = (c & 0x0F0F0F0F) | ((a >> 6 & 0x03030303) << 4), high_minimums = (c >> 4 & 0x0F0F0F0F) | ((b >> 6 & 0x03030303) << 4);
  scales = (a & 0x3F3F3F3F) | uint64_t{high_scales} << 32;
  minimums = (b & 0x3F3F3F3F) | uint64_t{high_minimums} << 32;
}

template <bool kFive, int N>
void k45_blocks(const uint8_t* w, int64_t columns, const detail::VectorParts* x, float* out) {
  constexpr int64_t kBytes = kFive ? 176 : 144;
  Sums<N> sums;
  for (int64_t b = 0; b < columns / 256; ++b) {
    const uint8_t* block = w + b * kBytes;
    uint64_t packed_scales, packed_minimums;
    six_bit_pairs(block + 4, packed_scales, packed_minimums);
    const Floats scales = mul8(splat8(half(block)), bytes_to_floats(packed_scales));
    const Floats offsets = mul8(splat8(-half(block + 2)), bytes_to_floats(packed_minimums));
    float factors[N][8];
    for (int n = 0; n < N; ++n) {
      store8(mul8(scales, load8(x[n].scales + 8 * b)), factors[n]);
      sums.offset[n] = fma8(offsets, load8(x[n].sums32 + 8 * b), sums.offset[n]);
    }
    const uint8_t* nibbles = block + (kFive ? 48 : 16);
    const Bytes32 high = load32(block + 16);
    const auto pair = [&](int p, Bytes32 first, Bytes32 second) HWY_ATTR {
      for (int n = 0; n < N; ++n) {
        const int8_t* values = x[n].values + 256 * b + 64 * p;
        sums.chain[0][n] = fma8(splat8(factors[n][2 * p]), dot_unsigned(first, values), sums.chain[0][n]);
        sums.chain[1][n] = fma8(splat8(factors[n][2 * p + 1]), dot_unsigned(second, values + 32), sums.chain[1][n]);
      }
    };
    const auto low = [&](int p) HWY_ATTR { return low_nibbles(load32(nibbles + 32 * p)); };
    const auto top = [&](int p) HWY_ATTR { return high_nibbles(load32(nibbles + 32 * p)); };
    if constexpr (kFive) {
      pair(0, or32(low(0), bits_of<0, 4>(high, 1)), or32(top(0), bits_of<1, 4>(high, 1)));
      pair(1, or32(low(1), bits_of<2, 4>(high, 1)), or32(top(1), bits_of<3, 4>(high, 1)));
      pair(2, or32(low(2), bits_of<4, 4>(high, 1)), or32(top(2), bits_of<5, 4>(high, 1)));
      pair(3, or32(low(3), bits_of<6, 4>(high, 1)), or32(top(3), bits_of<7, 4>(high, 1)));
    } else {
      for (int p = 0; p < 4; ++p) pair(p, low(p), top(p));
    }
  }
  sums.finish(out);
}

template <int N>
void q6_k_blocks(const uint8_t* w, int64_t columns, const detail::VectorParts* x, float* out) {
  Sums<N> sums;
  for (int64_t b = 0; b < columns / 256; ++b) {
    const uint8_t* block = w + b * 210;
    const float d = half(block + 208);
    float scales[16];
    for (int g = 0; g < 16; ++g) scales[g] = d * static_cast<float>(static_cast<int8_t>(block[192 + g]));
    const Floats low_offsets = mul8(splat8(-32), load8(scales)), high_offsets = mul8(splat8(-32), load8(scales + 8));
    for (int n = 0; n < N; ++n) {
      sums.offset[n] = fma8(low_offsets, load8(x[n].sums16 + 16 * b), sums.offset[n]);
      sums.offset[n] = fma8(high_offsets, load8(x[n].sums16 + 16 * b + 8), sums.offset[n]);
    }
    const auto part = [&](int p, Bytes32 q) HWY_ATTR {
      for (int n = 0; n < N; ++n) {
        const float s = x[n].scales[8 * b + p];
        Floats& chain = sums.chain[p & 1][n];
        chain = fma8(halves8(scales[2 * p] * s, scales[2 * p + 1] * s), dot_unsigned(q, x[n].values + 256 * b + 32 * p), chain);
      }
    };
    for (int h = 0; h < 2; ++h) {
      const Bytes32 first = load32(block + 64 * h), second = load32(block + 64 * h + 32), high = load32(block + 128 + 32 * h);
      part(4 * h, or32(low_nibbles(first), bits_of<0, 4>(high, 3)));
      part(4 * h + 1, or32(low_nibbles(second), bits_of<2, 4>(high, 3)));
      part(4 * h + 2, or32(high_nibbles(first), bits_of<4, 4>(high, 3)));
      part(4 * h + 3, or32(high_nibbles(second), bits_of<6, 4>(high, 3)));
    }
  }
  sums.finish(out);
}

/// Any kind, by way of small integers in memory.
template <int N>
void unpacked_blocks(BlockType type, const uint8_t* w, int64_t columns, const detail::VectorParts* x, float* out) {
  const BlockLayout& layout = layout_of(type);
  Sums<N> sums;
  float offsets[N] = {};
  detail::UnpackedBlock block;
  for (int64_t at = 0; at < columns; at += layout.elements, w += layout.bytes) {
    detail::unpack_block(type, w, block);
    for (int64_t part = 0; part < layout.elements / 32; ++part) {
      const Bytes32 q = load32(block.q + 32 * part);
      const float s0 = block.scale[2 * part], s1 = block.scale[2 * part + 1];
      const int64_t p = at / 32 + part;
      for (int n = 0; n < N; ++n) {
        const float s = x[n].scales[p];
        Floats& chain = sums.chain[part & 1][n];
        chain = fma8(halves8(s0 * s, s1 * s), dot_signed(q, x[n].values + 32 * p), chain);
        offsets[n] += block.offset[2 * part] * x[n].sums16[2 * p] + block.offset[2 * part + 1] * x[n].sums16[2 * p + 1];
      }
    }
  }
  sums.finish(out);
  for (int n = 0; n < N; ++n) out[n] += offsets[n];
}

template <class T, int N>
void plain_row(const uint8_t* w, int64_t columns, const detail::VectorParts* x, float* out) {
  const T* row = reinterpret_cast<const T*>(w);
  Sums<N> sums;
  int64_t i = 0;
  for (; i + 16 <= columns; i += 16)
    for (int part = 0; part < 2; ++part) {
      const Floats v = load8(row + i + 8 * part);
      for (int n = 0; n < N; ++n) sums.chain[part][n] = fma8(v, load8(x[n].plain + i + 8 * part), sums.chain[part][n]);
    }
  sums.finish(out);
  for (; i < columns; ++i)
    for (int n = 0; n < N; ++n) out[n] += to_float(row[i]) * x[n].plain[i];
}

template <int N>
void row_product(BlockType type, const uint8_t* w, int64_t columns, const detail::VectorParts* x, float* out) {
  switch (type) {
    case BlockType::f32:
      return plain_row<float, N>(w, columns, x, out);
    case BlockType::f16:
      return plain_row<f16, N>(w, columns, x, out);
    case BlockType::bf16:
      return plain_row<bf16, N>(w, columns, x, out);
    case BlockType::q4_0:
      return small_blocks<BlockType::q4_0, N>(w, columns, x, out);
    case BlockType::q4_1:
      return small_blocks<BlockType::q4_1, N>(w, columns, x, out);
    case BlockType::q5_0:
      return small_blocks<BlockType::q5_0, N>(w, columns, x, out);
    case BlockType::q5_1:
      return small_blocks<BlockType::q5_1, N>(w, columns, x, out);
    case BlockType::q8_0:
      return small_blocks<BlockType::q8_0, N>(w, columns, x, out);
    case BlockType::q4_k:
      return k45_blocks<false, N>(w, columns, x, out);
    case BlockType::q5_k:
      return k45_blocks<true, N>(w, columns, x, out);
    case BlockType::q6_k:
      return q6_k_blocks<N>(w, columns, x, out);
    default:
      return unpacked_blocks<N>(type, w, columns, x, out);
  }
}

void block_product_rows(const BlockMatrix& w, const detail::VectorParts* x, int64_t count, float* y) {
  const int64_t row_bytes = w.row_bytes();
  parallel_for(w.rows, w.columns * count, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const uint8_t* row = w.data + r * row_bytes;
      float out[4];
      int64_t i = 0;
      const auto put = [&](int64_t many) {
        for (int64_t j = 0; j < many; ++j) y[(i + j) * w.rows + r] = out[j];
        i += many;
      };
      while (count - i >= 4) row_product<4>(w.type, row, w.columns, x + i, out), put(4);
      if (count - i >= 2) row_product<2>(w.type, row, w.columns, x + i, out), put(2);
      if (count - i >= 1) row_product<1>(w.type, row, w.columns, x + i, out), put(1);
    }
  });
}

/// One vector: 8-bit values, scales and sums.
void round_vector(const float* x, int64_t columns, int8_t* values, float* scales, float* sums16, float* sums32) {
  const DF df;
  const DI di;
  const hn::Rebind<int8_t, DF> bytes;
  for (int64_t b = 0; b < columns / 32; ++b, x += 32, values += 32) {
    VF largest = hn::Zero(df);
    bool finite = true;  // NaN and infinity become a scale that spoils the result, as they should
    for (int64_t i = 0; i < 32; i += lanes()) {
      const VF size = hn::Abs(load(x + i));
      finite = finite && hn::AllTrue(df, hn::Le(size, splat(3e38F)));
      largest = hn::Max(largest, size);
    }
    const float top = finite ? max_lanes(largest) : 0, scale = finite ? top / 127 : NAN;
    const VF inverse = splat(top > 0 ? 127 / top : 0);
    int32_t sums[2] = {0, 0};
    for (int half_of = 0; half_of < 2; ++half_of) {
      auto sum = hn::Zero(di);
      for (int64_t i = 16 * half_of; i < 16 * half_of + 16; i += lanes()) {
        const VF scaled = finite ? hn::Mul(load(x + i), inverse) : hn::Zero(df);
        const auto q = hn::ConvertTo(di, hn::Add(scaled, hn::CopySign(splat(0.5F), scaled)));  // halves go away from zero
        hn::StoreU(hn::DemoteTo(bytes, q), bytes, values + i);
        sum = hn::Add(sum, q);
      }
      sums[half_of] = hn::GetLane(hn::SumOfLanes(di, sum));
    }
    scales[b] = scale;
    sums16[2 * b] = scale * static_cast<float>(sums[0]);
    sums16[2 * b + 1] = scale * static_cast<float>(sums[1]);
    sums32[b] = scale * static_cast<float>(sums[0] + sums[1]);
  }
}

}  // namespace ptah::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ptah {

HWY_EXPORT(block_product_rows);
HWY_EXPORT(round_vector);

void RoundedVectors::round(const float* x, int64_t count, int64_t columns) {
  PTAH_CHECK(columns % 32 == 0, "{} columns in blocks of 32", columns);
  count_ = count;
  columns_ = columns;
  if (DryRun::active()) return;
  const auto many = static_cast<size_t>(count * columns);
  values_.resize(many);
  scales_.resize(many / 32);
  sums32_.resize(many / 32);
  sums16_.resize(many / 16);
  parallel_for(count, columns, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) HWY_DYNAMIC_DISPATCH(round_vector)
    (x + i * columns, columns, values_.data() + i * columns, scales_.data() + i * columns / 32, sums16_.data() + i * columns / 16,
     sums32_.data() + i * columns / 32);
  });
}

void block_product(const BlockMatrix& w, const float* x, int64_t count, const RoundedVectors& rounded, float* y) {
  count_flops(2 * count * w.rows * w.columns);
  if (DryRun::active()) return;
  const bool round = wants_rounded(w.type);
  PTAH_CHECK(!round || (rounded.count() == count && rounded.columns() == w.columns), "rounded vectors [{}, {}] for [{}, {}]", rounded.count(),
             rounded.columns(), count, w.columns);
  std::vector<detail::VectorParts> vectors(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) {
    auto& v = vectors[static_cast<size_t>(i)];
    if (round)
      v = {rounded.values(i), rounded.scales(i), rounded.sums16(i), rounded.sums32(i), nullptr};
    else
      v = {nullptr, nullptr, nullptr, nullptr, x + i * w.columns};
  }
  HWY_DYNAMIC_DISPATCH(block_product_rows)(w, vectors.data(), count, y);
}

}  // namespace ptah
#endif
