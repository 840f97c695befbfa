#include "tensor/cpu/block_panels.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "base/memory.h"
#include "base/parallel.h"
#include "tensor/cpu/intrinsics.h"
#include "tensor/cpu/unpack_block.h"
#include "tensor/device.h"

namespace ptah::detail {

#if defined(__x86_64__)

#define PTAH_VNNI __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,f16c")))

namespace {

constexpr int64_t kPanelOutputs = 32;  // rows of W in a panel: two vectors of sums
constexpr int64_t kTileVectors = 6;    // vectors whose sums stand in registers at a time
constexpr int kShift = 128;            // what makes the numbers of W unsigned

/// Blocks that have one scale for each 16 numbers, not for each 32.
constexpr bool scales_by_16(BlockType type) { return type == BlockType::q2_k || type == BlockType::q3_k || type == BlockType::q6_k; }
constexpr bool has_offsets(BlockType type) {
  return type == BlockType::q4_1 || type == BlockType::q5_1 || type == BlockType::q2_k || type == BlockType::q4_k || type == BlockType::q5_k;
}

/// A panel of W: part by part (16 or 32 columns), [part / 4][kPanelOutputs][4] numbers, each plus kShift; and [part][kPanelOutputs] scales and offsets.
struct UnpackedPanel {
  std::vector<uint8_t> numbers;
  std::vector<float> scales, offsets;
};

/// Thirty-two numbers of sixteen bytes: their low halves, then their high halves.
PTAH_VNNI inline __m256i nibble_bytes(const uint8_t* from) {
  const __m128i raw = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  return _mm256_and_si256(_mm256_set_m128i(_mm_srli_epi16(raw, 4), raw), _mm256_set1_epi8(15));
}
PTAH_VNNI inline __m256i load_bytes(const uint8_t* from) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)); }
PTAH_VNNI inline void store_bytes(int8_t* to, __m256i v) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), v); }
/// 16 in every byte whose bit is set.
PTAH_VNNI inline __m256i fifth_bits(const uint8_t* from) {
  uint32_t bits = 0;
  std::memcpy(&bits, from, 4);
  return _mm256_maskz_set1_epi8(bits, 16);
}
/// (v >> shift & mask) << up, byte by byte.
PTAH_VNNI inline __m256i moved_bits(__m256i v, int shift, char mask, int up) {
  return _mm256_slli_epi16(_mm256_and_si256(_mm256_srli_epi16(v, shift), _mm256_set1_epi8(mask)), up);
}

PTAH_VNNI inline float wide_half(const uint8_t* at) {
  uint16_t bits = 0;
  std::memcpy(&bits, at, 2);
  return _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(bits)));
}
/// Eight bytes as floats, times `factor`.
PTAH_VNNI inline void scaled_bytes(uint64_t eight, float factor, float* to) {
  const __m256 wide = _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_cvtsi64_si128(static_cast<int64_t>(eight))));
  _mm256_storeu_ps(to, _mm256_mul_ps(wide, _mm256_set1_ps(factor)));
}

/// What one block gives: its numbers, and a scale and an offset for each of its parts.
struct BlockParts {
  int8_t* numbers;
  float scales[16], offsets[16];
};

PTAH_VNNI inline void unpack_k45(bool five, const uint8_t* block, BlockParts& out) {
  // The eight 6-bit scales and minimums, as bytes of two words.
  uint32_t a = 0, b = 0, c = 0;
  std::memcpy(&a, block + 4, 4);
  std::memcpy(&b, block + 8, 4);
  std::memcpy(&c, block + 12, 4);
  const uint32_t top_scales = (c & 0x0F0F0F0F) | ((a >> 6 & 0x03030303) << 4), top_minimums = (c >> 4 & 0x0F0F0F0F) | ((b >> 6 & 0x03030303) << 4);
  scaled_bytes((a & 0x3F3F3F3F) | uint64_t{top_scales} << 32, wide_half(block), out.scales);
  scaled_bytes((b & 0x3F3F3F3F) | uint64_t{top_minimums} << 32, -wide_half(block + 2), out.offsets);
  const __m256i high = load_bytes(block + 16), mask = _mm256_set1_epi8(15);
  const uint8_t* low = block + (five ? 48 : 16);
  for (int pair = 0; pair < 4; ++pair) {
    const __m256i both = load_bytes(low + 32 * pair);
    __m256i first = _mm256_and_si256(both, mask), second = _mm256_and_si256(_mm256_srli_epi16(both, 4), mask);
    if (five) {
      first = _mm256_or_si256(first, moved_bits(high, 2 * pair, 1, 4));
      second = _mm256_or_si256(second, moved_bits(high, 2 * pair + 1, 1, 4));
    }
    store_bytes(out.numbers + 64 * pair, first);
    store_bytes(out.numbers + 64 * pair + 32, second);
  }
}

PTAH_VNNI inline void unpack_k6(const uint8_t* block, BlockParts& out) {
  const __m512 scales = _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(block + 192))));
  _mm512_storeu_ps(out.scales, _mm512_mul_ps(scales, _mm512_set1_ps(wide_half(block + 208))));
  for (int part = 0; part < 8; ++part) {
    const int side = part / 4, quarter = part % 4;
    const __m256i low = moved_bits(load_bytes(block + 64 * side + quarter % 2 * 32), quarter < 2 ? 0 : 4, 15, 0);
    const __m256i high = moved_bits(load_bytes(block + 128 + 32 * side), 2 * quarter, 3, 4);
    store_bytes(out.numbers + 32 * part, _mm256_sub_epi8(_mm256_or_si256(low, high), _mm256_set1_epi8(32)));
  }
}

/// As unpack_block, many times as fast for the kinds that models come in; offsets of kinds without any are not written.
template <BlockType kType>
PTAH_VNNI inline void unpack_parts(const uint8_t* block, BlockParts& out) {
  if constexpr (kType == BlockType::q8_0) {
    store_bytes(out.numbers, load_bytes(block + 2));
    out.scales[0] = wide_half(block);
  } else if constexpr (kType == BlockType::q4_0) {
    store_bytes(out.numbers, _mm256_sub_epi8(nibble_bytes(block + 2), _mm256_set1_epi8(8)));
    out.scales[0] = wide_half(block);
  } else if constexpr (kType == BlockType::q4_1) {
    store_bytes(out.numbers, nibble_bytes(block + 4));
    out.scales[0] = wide_half(block), out.offsets[0] = wide_half(block + 2);
  } else if constexpr (kType == BlockType::q5_0) {
    store_bytes(out.numbers, _mm256_sub_epi8(_mm256_or_si256(nibble_bytes(block + 6), fifth_bits(block + 2)), _mm256_set1_epi8(16)));
    out.scales[0] = wide_half(block);
  } else if constexpr (kType == BlockType::q5_1) {
    store_bytes(out.numbers, _mm256_or_si256(nibble_bytes(block + 8), fifth_bits(block + 4)));
    out.scales[0] = wide_half(block), out.offsets[0] = wide_half(block + 2);
  } else if constexpr (kType == BlockType::q4_k || kType == BlockType::q5_k) {
    unpack_k45(kType == BlockType::q5_k, block, out);
  } else if constexpr (kType == BlockType::q6_k) {
    unpack_k6(block, out);
  } else {
    UnpackedBlock slow;
    unpack_block(kType, block, slow);
    const int64_t elements = kType == BlockType::q2_k || kType == BlockType::q3_k || kType == BlockType::iq4_xs ? 256 : 32,
                  part = scales_by_16(kType) ? 16 : 32;
    std::memcpy(out.numbers, slow.q, static_cast<size_t>(elements));
    for (int64_t p = 0; p < elements / part; ++p) out.scales[p] = slow.scale[p * part / 16], out.offsets[p] = slow.offset[p * part / 16];
  }
}

/// Sixteen rows of sixteen 4-byte groups, `step` bytes apart, to sixteen columns of 64 bytes, `to_step` bytes apart; kShift is added to every byte.
PTAH_VNNI void turn_groups(const int8_t* rows, int64_t step, uint8_t* to, int64_t to_step) {
  __m512i a[16], b[16];
  const __m512i shift = _mm512_set1_epi8(static_cast<char>(kShift));
  for (int i = 0; i < 16; ++i) a[i] = _mm512_xor_si512(_mm512_loadu_si512(rows + i * step), shift);  // plus 128 in 8 bits
  for (int i = 0; i < 16; i += 2) b[i] = _mm512_unpacklo_epi32(a[i], a[i + 1]), b[i + 1] = _mm512_unpackhi_epi32(a[i], a[i + 1]);
  for (int i = 0; i < 16; i += 4) {
    a[i] = _mm512_unpacklo_epi64(b[i], b[i + 2]), a[i + 1] = _mm512_unpackhi_epi64(b[i], b[i + 2]);
    a[i + 2] = _mm512_unpacklo_epi64(b[i + 1], b[i + 3]), a[i + 3] = _mm512_unpackhi_epi64(b[i + 1], b[i + 3]);
  }
  // a[4 r + c] holds, in its quarter q, group 4 q + c of the rows 4 r … 4 r + 3.
  for (int c = 0; c < 4; ++c) {
    const __m512i low01 = _mm512_shuffle_i32x4(a[c], a[4 + c], 0x44), high01 = _mm512_shuffle_i32x4(a[c], a[4 + c], 0xEE);
    const __m512i low23 = _mm512_shuffle_i32x4(a[8 + c], a[12 + c], 0x44), high23 = _mm512_shuffle_i32x4(a[8 + c], a[12 + c], 0xEE);
    _mm512_storeu_si512(to + c * to_step, _mm512_shuffle_i32x4(low01, low23, 0x88));
    _mm512_storeu_si512(to + (4 + c) * to_step, _mm512_shuffle_i32x4(low01, low23, 0xDD));
    _mm512_storeu_si512(to + (8 + c) * to_step, _mm512_shuffle_i32x4(high01, high23, 0x88));
    _mm512_storeu_si512(to + (12 + c) * to_step, _mm512_shuffle_i32x4(high01, high23, 0xDD));
  }
}

constexpr int64_t kSpan = 256;  // columns that are unpacked and turned at a time

/// The blocks of one row in [at, at + here): numbers to `to`, scales and offsets to their places in the panel.
template <BlockType kType>
PTAH_VNNI void unpack_row(const uint8_t* from, int64_t at, int64_t here, int64_t output, int8_t* to, UnpackedPanel& panel) {
  const BlockLayout& layout = layout_of(kType);
  constexpr int64_t kPart = scales_by_16(kType) ? 16 : 32;
  const int64_t parts = layout.elements / kPart;
  float* scales = panel.scales.data() + at / kPart * kPanelOutputs + output;
  float* offsets = panel.offsets.data() + at / kPart * kPanelOutputs + output;
  BlockParts block;
  for (block.numbers = to; block.numbers < to + here; block.numbers += layout.elements, from += layout.bytes) {
    unpack_parts<kType>(from, block);
    for (int64_t p = 0; p < parts; ++p, scales += kPanelOutputs) *scales = block.scales[p];
    if constexpr (has_offsets(kType))
      for (int64_t p = 0; p < parts; ++p, offsets += kPanelOutputs) *offsets = block.offsets[p];
  }
}

using RowUnpacker = void (*)(const uint8_t*, int64_t, int64_t, int64_t, int8_t*, UnpackedPanel&);

RowUnpacker row_unpacker(BlockType type) {
  switch (type) {
    case BlockType::q4_0:
      return unpack_row<BlockType::q4_0>;
    case BlockType::q4_1:
      return unpack_row<BlockType::q4_1>;
    case BlockType::q5_0:
      return unpack_row<BlockType::q5_0>;
    case BlockType::q5_1:
      return unpack_row<BlockType::q5_1>;
    case BlockType::q8_0:
      return unpack_row<BlockType::q8_0>;
    case BlockType::q2_k:
      return unpack_row<BlockType::q2_k>;
    case BlockType::q3_k:
      return unpack_row<BlockType::q3_k>;
    case BlockType::q4_k:
      return unpack_row<BlockType::q4_k>;
    case BlockType::q5_k:
      return unpack_row<BlockType::q5_k>;
    case BlockType::q6_k:
      return unpack_row<BlockType::q6_k>;
    case BlockType::iq4_nl:
      return unpack_row<BlockType::iq4_nl>;
    case BlockType::iq4_xs:
      return unpack_row<BlockType::iq4_xs>;
    default:
      return nullptr;  // kinds without blocks: has_block_panels
  }
}

/// Unpacks the rows [first, first + kPanelOutputs) of W. What lies behind the last row stays as it was: nothing that is kept is made of it.
void unpack_panel(const BlockMatrix& w, int64_t first, UnpackedPanel& panel) {
  const BlockLayout& layout = layout_of(w.type);
  const RowUnpacker unpack = row_unpacker(w.type);
  std::array<int8_t, kSpan * kPanelOutputs> rows{};
  for (int64_t at = 0; at < w.columns; at += kSpan) {
    const int64_t here = std::min(kSpan, w.columns - at);
    for (int64_t o = 0; o < std::min(kPanelOutputs, w.rows - first); ++o)
      unpack(w.row(first + o) + at / layout.elements * layout.bytes, at, here, o, rows.data() + o * kSpan, panel);
    uint8_t* to = panel.numbers.data() + at * kPanelOutputs;
    const int64_t group = 4 * kPanelOutputs;  // bytes between one group of four columns and the next
    for (int64_t o = 0; o < kPanelOutputs; o += 16) {
      int64_t done = 0;
      for (; done + 64 <= here; done += 64) turn_groups(rows.data() + o * kSpan + done, kSpan, to + done / 4 * group + o * 4, group);
      for (; done < here; done += 4)  // the last 32 columns of a width that 64 does not divide
        for (int64_t row = o; row < o + 16; ++row)
          for (int64_t i = 0; i < 4; ++i) to[done / 4 * group + row * 4 + i] = static_cast<uint8_t>(rows[static_cast<size_t>(row * kSpan + done + i)] + kShift);
    }
  }
}

/// What a tile reads of the vectors: numbers and, part by part, −kShift times their sum; scales by 32; offsets' factors by part.
struct TileInput {
  const int8_t* values;
  const int32_t* shifts;
  const float *scales, *sums;
  int64_t columns;
};

template <int kCount, int kPart, bool kAffine>
PTAH_VNNI void multiply_tile(const UnpackedPanel& panel, const TileInput& x, float* y, int64_t y_step, int64_t outputs) {
  constexpr int kVectors = kPanelOutputs / 16;
  __m512 sums[kCount][kVectors];
  for (auto& row : sums)
    for (auto& one : row) one = _mm512_setzero_ps();
  const int64_t parts = x.columns / kPart;
  const uint8_t* numbers = panel.numbers.data();
  const float *scales = panel.scales.data(), *offsets = panel.offsets.data();
  for (int64_t p = 0; p < parts; ++p) {
    __m512i exact[kCount][kVectors];
    for (int r = 0; r < kCount; ++r)
      for (int v = 0; v < kVectors; ++v) exact[r][v] = _mm512_set1_epi32(x.shifts[r * parts + p]);
    for (int i = 0; i < kPart; i += 4, numbers += 4 * kPanelOutputs) {
      __m512i w[kVectors];
      for (int v = 0; v < kVectors; ++v) w[v] = _mm512_loadu_si512(numbers + v * 64);
      for (int r = 0; r < kCount; ++r) {
        int32_t four = 0;
        std::memcpy(&four, x.values + r * x.columns + p * kPart + i, sizeof four);
        const __m512i values = _mm512_set1_epi32(four);
        for (int v = 0; v < kVectors; ++v) exact[r][v] = _mm512_dpbusd_epi32(exact[r][v], w[v], values);
      }
    }
    for (int v = 0; v < kVectors; ++v) {
      const __m512 scale = _mm512_loadu_ps(scales + p * kPanelOutputs + v * 16);
      for (int r = 0; r < kCount; ++r) {
        const __m512 factor = _mm512_mul_ps(scale, _mm512_set1_ps(x.scales[r * (x.columns / 32) + p * kPart / 32]));
        sums[r][v] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(exact[r][v]), factor, sums[r][v]);
      }
      if constexpr (kAffine) {
        const __m512 offset = _mm512_loadu_ps(offsets + p * kPanelOutputs + v * 16);
        for (int r = 0; r < kCount; ++r) sums[r][v] = _mm512_fmadd_ps(offset, _mm512_set1_ps(x.sums[r * parts + p]), sums[r][v]);
      }
    }
  }
  for (int v = 0; v < kVectors; ++v) {
    const int64_t left = outputs - v * 16;
    const auto mask = static_cast<__mmask16>(left >= 16 ? 0xFFFF : left > 0 ? (1 << left) - 1 : 0);
    for (int r = 0; r < kCount; ++r) _mm512_mask_storeu_ps(y + r * y_step + v * 16, mask, sums[r][v]);
  }
}

using TileProduct = void (*)(const UnpackedPanel&, const TileInput&, float*, int64_t, int64_t);

template <int kPart, bool kAffine>
TileProduct tile_product(int64_t count) {
  constexpr TileProduct kAll[] = {multiply_tile<1, kPart, kAffine>, multiply_tile<2, kPart, kAffine>, multiply_tile<3, kPart, kAffine>,
                                  multiply_tile<4, kPart, kAffine>, multiply_tile<5, kPart, kAffine>, multiply_tile<6, kPart, kAffine>};
  return kAll[count - 1];
}

TileProduct tile_product(BlockType type, int64_t count) {
  if (scales_by_16(type)) return has_offsets(type) ? tile_product<16, true>(count) : tile_product<16, false>(count);
  return has_offsets(type) ? tile_product<32, true>(count) : tile_product<32, false>(count);
}

/// −kShift times the sum of each part.
PTAH_VNNI void shifts_of(const int8_t* values, int64_t columns, int64_t part, int32_t* to) {
  const __m128i factor = _mm_set1_epi8(static_cast<char>(kShift));  // 128, unsigned
  for (int64_t p = 0; p < columns / part; ++p) {
    __m128i sum = _mm_setzero_si128();
    for (int64_t i = 0; i < part; i += 16) sum = _mm_dpbusd_epi32(sum, factor, _mm_loadu_si128(reinterpret_cast<const __m128i*>(values + p * part + i)));
    sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0x4E));
    sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0xB1));
    to[p] = -_mm_cvtsi128_si32(sum);
  }
}

}  // namespace

bool has_block_panels(BlockType type) { return wants_rounded(type) && arithmetic_version() >= 3 && has_bf16() && !has_amx(); }

void block_panel_product(const BlockMatrix& w, const RoundedVectors& x, float* y) {
  PTAH_CHECK(x.columns() == w.columns && w.columns % layout_of(w.type).elements == 0, "rounded vectors [{}, {}] for [{}, {}]", x.count(), x.columns(), w.rows,
             w.columns);
  count_flops(2 * x.count() * w.rows * w.columns);
  const int64_t part = scales_by_16(w.type) ? 16 : 32, parts = w.columns / part, panels = (w.rows + kPanelOutputs - 1) / kPanelOutputs, count = x.count();
  if (DryRun::active()) return;
  std::vector<int32_t> shifts(static_cast<size_t>(count * parts));
  parallel_for(count, w.columns / 16, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) shifts_of(x.values(i), w.columns, part, shifts.data() + i * parts);
  });
  parallel_for(panels, kPanelOutputs * w.columns * std::max<int64_t>(1, count / 64), [&](int64_t begin, int64_t end) {
    UnpackedPanel panel;
    panel.numbers.resize(static_cast<size_t>(kPanelOutputs * w.columns));
    panel.scales.resize(static_cast<size_t>(kPanelOutputs * parts));
    if (has_offsets(w.type)) panel.offsets.resize(static_cast<size_t>(kPanelOutputs * parts));
    for (int64_t p = begin; p < end; ++p) {
      const int64_t first = p * kPanelOutputs;
      unpack_panel(w, first, panel);
      for (int64_t i = 0; i < count; i += kTileVectors) {
        const int64_t many = std::min(kTileVectors, count - i);
        const TileInput input{x.values(i), shifts.data() + i * parts, x.scales(i), part == 16 ? x.sums16(i) : x.sums32(i), w.columns};
        tile_product(w.type, many)(panel, input, y + i * w.rows + first, w.rows, w.rows - first);
      }
    }
  });
}

#else

bool has_block_panels(BlockType) { return false; }
void block_panel_product(const BlockMatrix&, const RoundedVectors&, float*) {}

#endif

}  // namespace ptah::detail
