// Rounding to block-quantised kinds. The searches for scales are those of ggml's reference (ggml-quants.c, the functions without an importance matrix), sum by
// sum and in the same order, so that the blocks come out the same (nothing is compiled with contracted products and sums).
#include <algorithm>
#include <cmath>
#include <cstring>
#include <span>

#include "tensor/blocks.h"
#include "tensor/cpu/unpack_block.h"

namespace ptah {

namespace {

void put_half(float value, uint8_t* to) {
  const f16 half = to_f16(value);
  std::memcpy(to, &half, 2);
}

/// The value of largest magnitude, with its sign; the first of equals.
float largest_of(std::span<const float> x) {
  float found = 0;
  for (const float value : x)
    if (std::abs(found) < std::abs(value)) found = value;
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
  const float d = largest_of({x, 32}) / static_cast<float>(-half), inverse = d != 0 ? 1 / d : 0;
  put_half(d, block);
  const auto level = [&](float v) { return std::min(2 * half - 1, static_cast<int>(static_cast<int8_t>(v * inverse + (static_cast<float>(half) + 0.5F)))); };
  pack_levels(x, bits, level, block + 2);
}

/// q4_1 and q5_1: between the smallest and the largest value.
void quantize_affine(const float* x, int bits, uint8_t* block) {
  float low = x[0], top = x[0];
  for (int i = 1; i < 32; ++i) low = std::min(low, x[i]), top = std::max(top, x[i]);
  const int max_level = (1 << bits) - 1;
  const float d = (top - low) / static_cast<float>(max_level), inverse = d != 0 ? 1 / d : 0;
  put_half(d, block);
  put_half(low, block + 2);
  const auto level = [&](float v) {
    const auto raw = static_cast<int>((v - low) * inverse + 0.5F);
    return bits == 4 ? std::min(max_level, raw) : raw;
  };
  pack_levels(x, bits, level, block + 4);
}

void quantize_q8_0(const float* x, uint8_t* block) {
  const float d = std::abs(largest_of({x, 32})) / 127, inverse = d != 0 ? 1 / d : 0;
  put_half(d, block);
  for (int i = 0; i < 32; ++i) block[2 + i] = static_cast<uint8_t>(static_cast<int8_t>(std::round(x[i] * inverse)));
}

/// To nearest, ties to even; held within the range where that is exact.
int nearest(float value) { return static_cast<int>(std::lrint(std::clamp(value, -4194303.0F, 4194303.0F))); }
int level_of(float value, int min_level, int max_level) { return std::clamp(nearest(value), min_level, max_level); }

/// Below this all values of a group count as zero.
constexpr float kNothing = 1e-15F;

struct Affine {
  float scale, minimum;  ///< value = scale · level − minimum
};

/// How fit_affine searches: `tries` + 1 ranges of levels from first to first + tries · step beyond the top level.
struct AffineSearch {
  int max_level;  ///< the top level
  float first, step;
  int tries;
  bool absolute;  ///< weighted absolute errors instead of squares
};

/// Levels 0 … max_level for x with the smallest weighted error that the search meets. The minimum is never below 0.
Affine fit_affine(std::span<const float> x, const float* weights, const AffineSearch& search, uint8_t* levels) {
  const size_t n = x.size();
  const auto max_level = static_cast<float>(search.max_level);
  float low = x[0], top = x[0], weight_sum = weights[0], value_sum = weights[0] * x[0];
  for (size_t i = 1; i < n; ++i) {
    low = std::min(low, x[i]);
    top = std::max(top, x[i]);
    weight_sum += weights[i];
    value_sum += weights[i] * x[i];
  }
  low = std::min(low, 0.0F);
  if (top == low) {
    std::fill_n(levels, n, uint8_t{0});
    return {0, -low};
  }
  const auto put_levels = [&](float inverse, float base, uint8_t* to) {
    for (size_t i = 0; i < n; ++i) to[i] = static_cast<uint8_t>(level_of(inverse * (x[i] - base), 0, search.max_level));
  };
  const auto error_of = [&](float scale, float base, const uint8_t* of) {
    float sum = 0;
    for (size_t i = 0; i < n; ++i) {
      const float difference = scale * static_cast<float>(of[i]) + base - x[i];
      sum += weights[i] * (search.absolute ? std::abs(difference) : difference * difference);
    }
    return sum;
  };
  const float inverse = max_level / (top - low);
  float scale = 1 / inverse, base = low;
  put_levels(inverse, low, levels);
  float best = error_of(scale, base, levels);
  uint8_t tried[32];
  for (int k = 0; k <= search.tries; ++k) {
    put_levels((search.first + search.step * static_cast<float>(k) + max_level) / (top - base), base, tried);  // from the best base so far
    float levels_sum = 0, squares = 0, products = 0;
    for (size_t i = 0; i < n; ++i) {
      const auto level = static_cast<float>(tried[i]);
      levels_sum += weights[i] * level;
      squares += weights[i] * level * level;
      products += weights[i] * level * x[i];
    }
    const float determinant = weight_sum * squares - levels_sum * levels_sum;
    if (!(determinant > 0)) continue;
    float scale_here = (weight_sum * products - value_sum * levels_sum) / determinant;
    float base_here = (squares * value_sum - levels_sum * products) / determinant;
    if (base_here > 0) {
      base_here = 0;
      scale_here = products / squares;
    }
    const float error = error_of(scale_here, base_here, tried);
    if (!(error < best)) continue;
    std::copy_n(tried, n, levels);
    best = error;
    scale = scale_here;
    base = base_here;
  }
  return {scale, -base};
}

/// The scale for signed levels −half … half − 1 with the smallest error weighted by the squares of the values, among nineteen ranges. For q6_k.
float fit_signed(std::span<const float> x, int half, int8_t* levels) {
  const float largest = largest_of(x);
  if (std::abs(largest) < kNothing) {
    std::fill_n(levels, x.size(), static_cast<int8_t>(-half));
    return 0;
  }
  float scale = 0, best = 0, chosen = 0;
  bool first = true;
  const auto attempt = [&](float inverse) {
    float products = 0, squares = 0;
    for (const float value : x) {
      const auto level = static_cast<float>(level_of(inverse * value, -half, half - 1));
      const float weight = value * value;
      products += weight * value * level;
      squares += weight * level * level;
    }
    if (first) {
      scale = squares != 0 ? products / squares : 0;
      first = false;
    } else if (squares > 0 && products * products > best * squares) {
      scale = products / squares;
    } else {
      return;
    }
    best = scale * products;
    chosen = inverse;
  };
  attempt(static_cast<float>(-half) / largest);
  for (int k = -9; k <= 9; ++k)
    if (k != 0) attempt(-(static_cast<float>(half) + 0.1F * static_cast<float>(k)) / largest);
  for (size_t i = 0; i < x.size(); ++i) levels[i] = static_cast<int8_t>(level_of(chosen * x[i], -half, half - 1));
  return scale;
}

/// The scale for signed levels −4 … 3: the widest range, then up to five rounds in which each level moves where that lowers the error. For q3_k.
float fit_three_bits(std::span<const float> x, int8_t* levels) {
  constexpr int kHalf = 4;
  const float largest = largest_of(x);
  if (std::abs(largest) < kNothing) {
    std::fill_n(levels, x.size(), int8_t{-kHalf});
    return 0;
  }
  const float inverse = -static_cast<float>(kHalf) / largest;
  float products = 0, squares = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    const int level = level_of(inverse * x[i], -kHalf, kHalf - 1);
    levels[i] = static_cast<int8_t>(level);
    const float weight = x[i] * x[i];
    products += weight * x[i] * static_cast<float>(level);
    squares += weight * static_cast<float>(level) * static_cast<float>(level);
  }
  for (int round = 0, changed = 1; round < 5 && changed > 0; ++round) {
    changed = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      const float weight = x[i] * x[i], old = levels[i];
      float products_here = products - weight * x[i] * old;
      if (!(products_here > 0)) continue;
      float squares_here = squares - weight * old * old;
      const int level = level_of(x[i] * squares_here / products_here, -kHalf, kHalf - 1);
      if (level == levels[i]) continue;
      products_here += weight * x[i] * static_cast<float>(level);
      squares_here += weight * static_cast<float>(level) * static_cast<float>(level);
      if (!(squares_here > 0 && products_here * products_here * squares > products * products * squares_here)) continue;
      levels[i] = static_cast<int8_t>(level);
      products = products_here;
      squares = squares_here;
      ++changed;
    }
  }
  return products / squares;
}

/// The levels of 256 values in groups of `group`, each rounded again with the scale (and minimum) that the block will be read with. A group whose scale is zero
/// keeps its levels.
template <class ScaleOf, class Level>
void round_again(const float* x, int group, int min_level, int max_level, const ScaleOf& scale_of, Level* levels) {
  for (int g = 0; g < 256 / group; ++g) {
    const Affine fit = scale_of(g);
    if (fit.scale == 0) continue;
    for (int i = g * group; i < (g + 1) * group; ++i) levels[i] = static_cast<Level>(level_of((x[i] + fit.minimum) / fit.scale, min_level, max_level));
  }
}

/// Two bits of each of 256 levels: 64 bytes, four planes of 32 in each half.
void pack_pairs(const uint8_t* levels, uint8_t* to) {
  for (int i = 0; i < 64; ++i) {
    const uint8_t* from = levels + i / 32 * 128 + i % 32;
    to[i] = static_cast<uint8_t>((from[0] & 3) | (from[32] & 3) << 2 | (from[64] & 3) << 4 | (from[96] & 3) << 6);
  }
}

void quantize_q2_k(const float* x, uint8_t* block) {
  uint8_t levels[256];
  float scales[16], minima[16], weights[16];
  for (int g = 0; g < 16; ++g) {
    for (int i = 0; i < 16; ++i) weights[i] = std::abs(x[16 * g + i]);
    const Affine fit = fit_affine({x + 16 * g, 16}, weights, {3, -0.5F, 0.1F, 15, true}, levels + 16 * g);
    scales[g] = fit.scale, minima[g] = fit.minimum;
  }
  const float scale = std::max(0.0F, *std::max_element(scales, scales + 16)), minimum = std::max(0.0F, *std::max_element(minima, minima + 16));
  const float scale_inverse = scale > 0 ? 15.0F / scale : 0, minimum_inverse = minimum > 0 ? 15.0F / minimum : 0;
  for (int g = 0; g < 16; ++g) block[g] = static_cast<uint8_t>(nearest(scale_inverse * scales[g]) | nearest(minimum_inverse * minima[g]) << 4);
  put_half(scale / 15.0F, block + 80);
  put_half(minimum / 15.0F, block + 82);
  const float d = detail::half_at(block + 80), dmin = detail::half_at(block + 82);
  round_again(
      x, 16, 0, 3,
      [&](int g) {
        return Affine{d * static_cast<float>(block[g] & 15), dmin * static_cast<float>(block[g] >> 4)};
      },
      levels);
  pack_pairs(levels, block + 16);
}

void quantize_q3_k(const float* x, uint8_t* block) {
  int8_t signed_levels[256];
  float scales[16];
  for (int g = 0; g < 16; ++g) scales[g] = fit_three_bits({x + 16 * g, 16}, signed_levels + 16 * g);
  const float largest = largest_of(scales);
  std::memset(block, 0, 110);
  if (largest != 0) {
    const float inverse = -32.0F / largest;
    for (int g = 0; g < 16; ++g) {
      const int level = level_of(inverse * scales[g], -32, 31) + 32;
      block[96 + g % 8] = static_cast<uint8_t>(block[96 + g % 8] | (level & 15) << (g < 8 ? 0 : 4));
      block[104 + g % 4] = static_cast<uint8_t>(block[104 + g % 4] | level >> 4 << (2 * (g / 4)));
    }
    put_half(1 / inverse, block + 108);
  }
  const float d = detail::half_at(block + 108);
  int packed[16];
  detail::q3_scales(block + 96, packed);
  round_again(
      x, 16, -4, 3,
      [&](int g) {
        return Affine{d * static_cast<float>(packed[g]), 0};
      },
      signed_levels);
  uint8_t levels[256];
  for (int i = 0; i < 256; ++i) {
    levels[i] = static_cast<uint8_t>(signed_levels[i] + 4);
    if (levels[i] > 3) block[i % 32] = static_cast<uint8_t>(block[i % 32] | 1 << (i / 32));
  }
  pack_pairs(levels, block + 32);
}

/// q4_k and q5_k: scales and minima of 6 bits for each 32 values.
void quantize_affine_k(const float* x, bool five, uint8_t* block) {
  const AffineSearch search = five ? AffineSearch{31, -0.5F, 0.1F, 15, false} : AffineSearch{15, -1.0F, 0.1F, 20, false};
  uint8_t levels[256];
  float scales[8], minima[8], weights[32];
  for (int part = 0; part < 8; ++part) {
    const float* from = x + 32 * part;
    float squares = 0;
    for (int i = 0; i < 32; ++i) squares += from[i] * from[i];
    const float mean = std::sqrt(squares / 32);
    for (int i = 0; i < 32; ++i) weights[i] = mean + std::abs(from[i]);
    const Affine fit = fit_affine({from, 32}, weights, search, levels + 32 * part);
    scales[part] = fit.scale, minima[part] = fit.minimum;
  }
  const float scale = std::max(0.0F, *std::max_element(scales, scales + 8)), minimum = std::max(0.0F, *std::max_element(minima, minima + 8));
  const float scale_inverse = scale > 0 ? 63.0F / scale : 0, minimum_inverse = minimum > 0 ? 63.0F / minimum : 0;
  put_half(scale / 63.0F, block);
  put_half(minimum / 63.0F, block + 2);
  uint8_t* packed = block + 4;
  for (int part = 0; part < 8; ++part) {
    const int a = std::min(63, static_cast<int>(static_cast<uint8_t>(nearest(scale_inverse * scales[part]))));
    const int b = std::min(63, static_cast<int>(static_cast<uint8_t>(nearest(minimum_inverse * minima[part]))));
    if (part < 4) {
      packed[part] = static_cast<uint8_t>(a), packed[part + 4] = static_cast<uint8_t>(b);
    } else {
      packed[part + 4] = static_cast<uint8_t>((a & 15) | (b & 15) << 4);
      packed[part - 4] = static_cast<uint8_t>(packed[part - 4] | a >> 4 << 6);
      packed[part] = static_cast<uint8_t>(packed[part] | b >> 4 << 6);
    }
  }
  const float d = detail::half_at(block), dmin = detail::half_at(block + 2);
  const auto scale_of = [&](int part) {
    int a = 0, b = 0;
    detail::scale_and_minimum(packed, part, a, b);
    return Affine{d * static_cast<float>(a), dmin * static_cast<float>(b)};
  };
  round_again(x, 32, 0, search.max_level, scale_of, levels);
  uint8_t* nibbles = block + (five ? 48 : 16);
  if (five) {
    std::memset(block + 16, 0, 32);
    for (int i = 0; i < 256; ++i) block[16 + i % 32] = static_cast<uint8_t>(block[16 + i % 32] | levels[i] >> 4 << (i / 32));
  }
  for (int i = 0; i < 128; ++i) {
    const uint8_t* from = levels + i / 32 * 64 + i % 32;
    nibbles[i] = static_cast<uint8_t>((from[0] & 15) | (from[32] & 15) << 4);
  }
}

void quantize_q6_k(const float* x, uint8_t* block) {
  int8_t levels[256];
  float scales[16];
  for (int g = 0; g < 16; ++g) scales[g] = fit_signed({x + 16 * g, 16}, 32, levels + 16 * g);
  const float largest = largest_of(scales);
  std::memset(block, 0, 210);
  if (std::abs(largest) < kNothing) return;
  const float inverse = -128.0F / largest;
  put_half(1 / inverse, block + 208);
  const float d = detail::half_at(block + 208);
  for (int g = 0; g < 16; ++g) block[192 + g] = static_cast<uint8_t>(static_cast<int8_t>(std::min(127, nearest(inverse * scales[g]))));
  round_again(
      x, 16, -32, 31,
      [&](int g) {
        return Affine{d * static_cast<float>(static_cast<int8_t>(block[192 + g])), 0};
      },
      levels);
  for (int i = 0; i < 64; ++i) {
    for (int half = 0; half < 2; ++half) {
      const int8_t* from = levels + 128 * half + i % 32;
      const int low = from[i / 32 * 32] + 32, high = from[i / 32 * 32 + 64] + 32;
      block[64 * half + i] = static_cast<uint8_t>((low & 15) | (high & 15) << 4);
      if (i < 32)
        block[128 + 32 * half + i] =
            static_cast<uint8_t>((from[0] + 32) >> 4 | (from[32] + 32) >> 4 << 2 | (from[64] + 32) >> 4 << 4 | (from[96] + 32) >> 4 << 6);
    }
  }
}

/// The nearest of the sixteen levels of iq4, the upper one of two as near.
uint8_t iq4_level(float value) {
  const int8_t* levels = detail::kIq4Levels;
  if (value <= static_cast<float>(levels[0])) return 0;
  for (uint8_t i = 1; i < 16; ++i)
    if (value < static_cast<float>(levels[i]))
      return static_cast<float>(levels[i]) - value > value - static_cast<float>(levels[i - 1]) ? static_cast<uint8_t>(i - 1) : i;
  return 15;
}

/// The scale for 32 values on iq4's levels with the smallest error weighted by the squares of the values, among sixteen ranges.
float fit_iq4(std::span<const float> x) {
  constexpr int kTries = 7;
  const float largest = largest_of(x), first = detail::kIq4Levels[0];
  if (std::abs(largest) < kNothing) return 0;
  float scale = 0, best = 0;
  const auto attempt = [&](float inverse, bool always) {
    float products = 0, squares = 0;
    for (const float value : x) {
      const float level = detail::kIq4Levels[iq4_level(inverse * value)], weight = value * value;
      products += weight * level * value;
      squares += weight * level * level;
    }
    if (!always && !(squares > 0 && products * products > best * squares)) return;
    scale = products / squares;
    best = scale * products;
  };
  attempt(1 / (-largest / first), true);
  for (int k = -kTries; k <= kTries; ++k) attempt((static_cast<float>(k) + first) / largest, false);
  return scale;
}

void pack_iq4(const float* x, float inverse, uint8_t* to) {
  for (int i = 0; i < 16; ++i) to[i] = static_cast<uint8_t>(iq4_level(inverse * x[i]) | iq4_level(inverse * x[i + 16]) << 4);
}

void quantize_iq4_nl(const float* x, uint8_t* block) {
  const float scale = fit_iq4({x, 32});
  put_half(scale, block);
  pack_iq4(x, scale != 0 ? 1 / scale : 0, block + 2);
}

void quantize_iq4_xs(const float* x, uint8_t* block) {
  float scales[8];
  for (int part = 0; part < 8; ++part) scales[part] = fit_iq4({x + 32 * part, 32});
  const float d = -largest_of(scales) / 32, inverse = d != 0 ? 1 / d : 0;
  std::memset(block, 0, 8);
  put_half(d, block);
  int high = 0;
  for (int part = 0; part < 8; ++part) {
    const int level = level_of(inverse * scales[part], -32, 31);
    const float step = d * static_cast<float>(level);
    pack_iq4(x + 32 * part, step != 0 ? 1 / step : 0, block + 8 + 16 * part);
    block[4 + part / 2] = static_cast<uint8_t>(block[4 + part / 2] | ((level + 32) & 15) << 4 * (part % 2));
    high |= (level + 32) >> 4 << 2 * part;
  }
  block[2] = static_cast<uint8_t>(high & 255), block[3] = static_cast<uint8_t>(high >> 8);
}

}  // namespace

Result<void> quantize(BlockType type, const float* values, int64_t elements, uint8_t* blocks) {
  const BlockLayout& layout = layout_of(type);
  PTAH_CHECK(elements % layout.elements == 0, "{} values in blocks of {}", elements, layout.elements);
  if (layout.elements > 1 && !std::all_of(values, values + elements, [](float v) { return std::isfinite(v); }))
    return fail(ErrorCode::invalid_argument, "values that are not finite cannot be written as {}", layout.name);
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
      case BlockType::q2_k:
        quantize_q2_k(x, blocks);
        break;
      case BlockType::q3_k:
        quantize_q3_k(x, blocks);
        break;
      case BlockType::q4_k:
      case BlockType::q5_k:
        quantize_affine_k(x, type == BlockType::q5_k, blocks);
        break;
      case BlockType::q6_k:
        quantize_q6_k(x, blocks);
        break;
      case BlockType::iq4_nl:
        quantize_iq4_nl(x, blocks);
        break;
      case BlockType::iq4_xs:
        quantize_iq4_xs(x, blocks);
        break;
    }
  }
  return {};
}

}  // namespace ptah
