#include "tensor/cpu/winograd.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/memory.h"
#include "base/parallel.h"
#include "tensor/cpu/panel_product.h"

#if defined(__x86_64__)
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // GCC 12 takes the undefined operand inside some intrinsics for one
#endif
#include <immintrin.h>
#define PTAH_AVX512_BF16 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16")))
#endif

namespace ptah::detail {

namespace {

constexpr int64_t kPlaces = 16;          // numbers of a transformed tile
constexpr int64_t kGroup = 32;           // channels that are transformed together: first the even ones, then the odd ones
constexpr int64_t kTiles = kChunkRows;   // of a chunk
constexpr int64_t kMostBytes = 8 << 20;  // of transformed inputs at a time
// Streams that lie a multiple of 4 KiB apart would share one set of the cache.
constexpr int64_t kInputGap = 32, kSumGap = 16;

int64_t input_step(int64_t channels) { return kTiles * channels + kInputGap; }
constexpr int64_t kSumStep = kTiles * kPanel + kSumGap;

/// The channel whose numbers stand at place `i` of a group.
int64_t channel_at(int64_t i) { return i < kGroup / 2 ? 2 * i : 2 * (i - kGroup / 2) + 1; }

#if defined(__x86_64__)

/// A step of Bᵀ d.
PTAH_AVX512_BF16 inline void transform_four(__m512& a, __m512& b, __m512& c, __m512& d) {
  const __m512 first = _mm512_sub_ps(a, c), second = _mm512_add_ps(b, c), third = _mm512_sub_ps(c, b), fourth = _mm512_sub_ps(b, d);
  a = first;
  b = second;
  c = third;
  d = fourth;
}

/// One tile: to[place][channels] (places `step` apart) = Bᵀ d B of the 16 inputs.
PTAH_AVX512_BF16 void transform_input(const std::array<const bf16*, kPlaces>& from, int64_t channels, bf16* to, int64_t step) {
  const __m512i upper = _mm512_set1_epi32(static_cast<int>(0xFFFF0000U));
  for (int64_t c = 0; c < channels; c += kGroup)
    for (int64_t odd = 0; odd < 2; ++odd) {
      __m512 d[4][4];
      for (int y = 0; y < 4; ++y)
        for (int x = 0; x < 4; ++x) {
          const __m512i both = _mm512_loadu_si512(from[static_cast<size_t>(4 * y + x)] + c);
          d[y][x] = _mm512_castsi512_ps(odd ? _mm512_and_si512(both, upper) : _mm512_slli_epi32(both, 16));
        }
      for (int x = 0; x < 4; ++x) transform_four(d[0][x], d[1][x], d[2][x], d[3][x]);
      for (auto& row : d) transform_four(row[0], row[1], row[2], row[3]);
      for (int y = 0; y < 4; ++y)
        for (int x = 0; x < 4; ++x)
          _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + (4 * y + x) * step + c + odd * (kGroup / 2)),
                              reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(d[y][x])));
    }
}

/// Where the four results of a tile go; null outside of the picture.
struct Results {
  std::array<bf16*, 4> to;
  std::array<const bf16*, 4> residual;
};

PTAH_AVX512_BF16 inline __m512 widened(const bf16* from) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from))), 16));
}

/// kPanel results at each of four pixels: Aᵀ m A of the sums (places kSumStep apart), bias and residual added.
PTAH_AVX512_BF16 void transform_output(const float* sums, const float* bias, const Results& results) {
  for (int64_t o = 0; o < kPanel; o += 32) {
    __m512 y[2][2][2];
    for (int h = 0; h < 2; ++h) {
      const __m512 term = bias ? _mm512_loadu_ps(bias + o + h * 16) : _mm512_setzero_ps();
      __m512 rows[2][4];
      for (int x = 0; x < 4; ++x) {
        const float* at = sums + x * kSumStep + o + h * 16;
        const __m512 a = _mm512_loadu_ps(at), b = _mm512_loadu_ps(at + 4 * kSumStep), e = _mm512_loadu_ps(at + 8 * kSumStep),
                     f = _mm512_loadu_ps(at + 12 * kSumStep);
        rows[0][x] = _mm512_add_ps(a, _mm512_add_ps(b, e));
        rows[1][x] = _mm512_sub_ps(_mm512_sub_ps(b, e), f);
      }
      for (int i = 0; i < 2; ++i) {
        const __m512 a = rows[i][0], b = rows[i][1], e = rows[i][2], f = rows[i][3];
        y[i][0][h] = _mm512_add_ps(_mm512_add_ps(a, _mm512_add_ps(b, e)), term);
        y[i][1][h] = _mm512_add_ps(_mm512_sub_ps(_mm512_sub_ps(b, e), f), term);
      }
    }
    for (size_t i = 0; i < 4; ++i) {
      bf16* to = results.to[i];
      if (!to) continue;
      __m512 low = y[i / 2][i % 2][0], high = y[i / 2][i % 2][1];
      if (const bf16* residual = results.residual[i]) {
        low = _mm512_add_ps(low, widened(residual + o));
        high = _mm512_add_ps(high, widened(residual + o + 16));
      }
      _mm512_storeu_si512(to + o, reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(high, low)));
    }
  }
}

#endif

/// G g Gᵀ of one kernel.
void transform_kernel(const float* g, std::array<float, kPlaces>& out) {
  std::array<std::array<float, 3>, 4> rows{};
  for (size_t x = 0; x < 3; ++x) {
    const float a = g[x], b = g[3 + x], c = g[6 + x];
    rows[0][x] = a;
    rows[1][x] = 0.5F * (a + b + c);
    rows[2][x] = 0.5F * (a - b + c);
    rows[3][x] = c;
  }
  for (size_t y = 0; y < 4; ++y) {
    const float a = rows[y][0], b = rows[y][1], c = rows[y][2];
    out[4 * y] = a;
    out[4 * y + 1] = 0.5F * (a + b + c);
    out[4 * y + 2] = 0.5F * (a - b + c);
    out[4 * y + 3] = c;
  }
}

}  // namespace

bool has_winograd(const ConvForward& call) {
#if defined(__x86_64__)
  const ConvShape& s = call.shape;
  return call.type == DType::bf16 && has_panel_product() && s.kernel_height == 3 && s.kernel_width == 3 && s.stride == 1 && s.groups == 1 && s.padding <= 1 &&
         s.in_channels % kGroup == 0 && s.out_channels % kPanel == 0 && call.activation == Activation::none && s.out_height * s.out_width >= s.out_channels;
#else
  (void)call;
  return false;
#endif
}

size_t winograd_bytes(const ConvShape& s) { return static_cast<size_t>(kPlaces * s.in_channels * s.out_channels) * sizeof(bf16); }

void pack_winograd(const ConvShape& s, const float* kernels, bf16* packed) {
  const int64_t in = s.in_channels;
  parallel_for(s.out_channels / kPanel, kPanel * in * 64, [&](int64_t begin, int64_t end) {
    std::array<std::array<float, kPlaces>, 2> pair{};
    for (int64_t block = begin; block < end; ++block)
      for (int64_t c = 0; c < in; c += 2)
        for (int64_t o = 0; o < kPanel; ++o) {
          for (int64_t i = 0; i < 2; ++i) {
            const int64_t channel = c / kGroup * kGroup + channel_at(c % kGroup + i);
            transform_kernel(kernels + ((block * kPanel + o) * in + channel) * 9, pair[static_cast<size_t>(i)]);
          }
          bf16* to = packed + block * kPlaces * in * kPanel + c * kPanel + 2 * o;
          for (size_t p = 0; p < kPlaces; ++p, to += in * kPanel) {
            to[0] = to_bf16(pair[0][p]);
            to[1] = to_bf16(pair[1][p]);
          }
        }
  });
}

void winograd(const ConvForward& call, const bf16* packed) {
  const ConvShape& s = call.shape;
  const int64_t in = s.in_channels, out = s.out_channels, down = (s.out_height + 1) / 2, across = (s.out_width + 1) / 2, tiles = s.batch * down * across;
  const int64_t chunk_size = kPlaces * input_step(in), chunks = (tiles + kTiles - 1) / kTiles;
  const int64_t together = std::clamp<int64_t>(kMostBytes / (chunk_size * static_cast<int64_t>(sizeof(bf16))), 1, chunks);
  const Block transformed(static_cast<size_t>(together * chunk_size) * sizeof(bf16));
  if (DryRun::active()) return;
#if defined(__x86_64__)
  auto* inputs = static_cast<bf16*>(transformed.data());
  const auto* source = static_cast<const bf16*>(call.source);
  const auto* residual = static_cast<const bf16*>(call.residual);
  auto* result = static_cast<bf16*>(call.result);
  const std::vector<bf16> zeros(static_cast<size_t>(in));
  struct Place {
    int64_t picture, y, x;  ///< of the tile's first result
  };
  const auto place = [&](int64_t tile) { return Place{tile / (down * across), tile / across % down * 2, tile % across * 2}; };
  for (int64_t first = 0; first < chunks; first += together) {
    const int64_t now = std::min(together, chunks - first), last_tile = std::min(tiles, (first + now) * kTiles);
    const auto blocks = out / kPanel;
    parallel_for(last_tile - first * kTiles, in * 64, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const Place at = place(first * kTiles + i);
        std::array<const bf16*, kPlaces> from{};
        for (int64_t p = 0; p < kPlaces; ++p) {
          const int64_t y = at.y + p / 4 - s.padding, x = at.x + p % 4 - s.padding;
          const bool inside = y >= 0 && y < s.in_height && x >= 0 && x < s.in_width;
          from[static_cast<size_t>(p)] = inside ? source + ((at.picture * s.in_height + y) * s.in_width + x) * in : zeros.data();
        }
        transform_input(from, in, inputs + i / kTiles * chunk_size + i % kTiles * in, input_step(in));
      }
    });
    parallel_for(now * blocks, kTiles * kPlaces * in * kPanel, [&](int64_t begin, int64_t end) {
      std::vector<float> sums(static_cast<size_t>(kPlaces * kSumStep));
      for (int64_t i = begin; i < end; ++i) {
        const int64_t chunk = i / blocks, block = i % blocks, start = (first + chunk) * kTiles, count = std::min(kTiles, tiles - start);
        for (int64_t p = 0; p < kPlaces; ++p)
          multiply_panel(inputs + chunk * chunk_size + p * input_step(in), in, count, in, packed + (block * kPlaces + p) * in * kPanel,
                         sums.data() + p * kSumStep);
        for (int64_t t = 0; t < count; ++t) {
          const Place at = place(start + t);
          Results results{};
          for (int64_t r = 0; r < 4; ++r) {
            const int64_t y = at.y + r / 2, x = at.x + r % 2;
            if (y >= s.out_height || x >= s.out_width) continue;
            const int64_t pixel = ((at.picture * s.out_height + y) * s.out_width + x) * out + block * kPanel;
            results.to[static_cast<size_t>(r)] = result + pixel;
            if (residual) results.residual[static_cast<size_t>(r)] = residual + pixel;
          }
          transform_output(sums.data() + t * kPanel, call.bias ? call.bias + block * kPanel : nullptr, results);
        }
      }
    });
  }
#else
  (void)packed;
#endif
}

}  // namespace ptah::detail
