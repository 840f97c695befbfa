#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/cpu/winograd.cpp"
#include <hwy/foreach_target.h>

#include "tensor/cpu/panel_product.h"
#include "tensor/cpu/simd-inl.h"
#include "tensor/cpu/winograd.h"

#ifndef PTAH_TENSOR_WINOGRAD_SHAPE
#define PTAH_TENSOR_WINOGRAD_SHAPE
namespace ptah::detail {
namespace {

constexpr int64_t kPlaces = 16;         // numbers of a transformed tile
constexpr int64_t kGroup = 32;          // channels that are transformed together; in bf16 first the even ones, then the odd ones
constexpr int64_t kTiles = kChunkRows;  // of a chunk
constexpr int64_t kMaxBytes = 8 << 20;  // of transformed inputs at a time
// Streams that lie a multiple of 4 KiB apart would share one set of the cache.
constexpr int64_t kInputGap = 32, kSumGap = 16, kSumStep = kTiles * kPanel + kSumGap;

}  // namespace
}  // namespace ptah::detail
#endif

HWY_BEFORE_NAMESPACE();
namespace ptah::HWY_NAMESPACE {

using detail::kPanel, detail::kSumStep;

/// A step of Bᵀ d.
HWY_INLINE void transform_four(VF& a, VF& b, VF& c, VF& d) {
  const VF first = hn::Sub(a, c), second = hn::Add(b, c), third = hn::Sub(c, b), fourth = hn::Sub(b, d);
  a = first;
  b = second;
  c = third;
  d = fourth;
}

/// One tile in f32: to[place][channels] (places `step` apart) = Bᵀ d B of the 16 inputs.
void f32_transform_input(const float* const* from, int64_t channels, float* to, int64_t step) {
  for (int64_t c = 0; c < channels; c += lanes()) {
    VF d[4][4];
    for (int y = 0; y < 4; ++y)
      for (int x = 0; x < 4; ++x) d[y][x] = load(from[4 * y + x] + c);
    for (int x = 0; x < 4; ++x) transform_four(d[0][x], d[1][x], d[2][x], d[3][x]);
    for (auto& row : d) transform_four(row[0], row[1], row[2], row[3]);
    for (int y = 0; y < 4; ++y)
      for (int x = 0; x < 4; ++x) store(d[y][x], to + (4 * y + x) * step + c);
  }
}

template <int kCount>
HWY_INLINE void multiply_rows(const float* rows, int64_t row_step, int64_t depth, const float* panel, float* sums) {
  constexpr int kVectors = hn::MaxLanes(DF()) >= 16 ? 4 : 2;  // what leaves registers for the rest
  for (int64_t o = 0; o < kPanel; o += kVectors * lanes()) {
    VF sum[kCount][kVectors];
    for (auto& row : sum)
      for (auto& one : row) one = hn::Zero(DF());
    for (int64_t i = 0; i < depth; ++i) {
      VF b[kVectors];
      for (int v = 0; v < kVectors; ++v) b[v] = load(panel + i * kPanel + o + v * lanes());
      for (int r = 0; r < kCount; ++r) {
        const VF a = splat(rows[r * row_step + i]);
        for (int v = 0; v < kVectors; ++v) sum[r][v] = hn::MulAdd(a, b[v], sum[r][v]);
      }
    }
    for (int r = 0; r < kCount; ++r)
      for (int v = 0; v < kVectors; ++v) store(sum[r][v], sums + r * kPanel + o + v * lanes());
  }
}

/// As multiply_panel, in f32; the panel lies as [depth][kPanel].
void f32_multiply_panel(const float* rows, int64_t row_step, int64_t count, int64_t depth, const float* panel, float* sums) {
  int64_t row = 0;
  for (; row + detail::kPanelRows <= count; row += detail::kPanelRows)
    multiply_rows<detail::kPanelRows>(rows + row * row_step, row_step, depth, panel, sums + row * kPanel);
  for (; row < count; ++row) multiply_rows<1>(rows + row * row_step, row_step, depth, panel, sums + row * kPanel);
}

/// kPanel results at each of four pixels (null: outside of the picture): Aᵀ m A of the sums (places kSumStep apart), bias and residual added.
void f32_transform_output(const float* sums, const float* bias, float* const* to, const float* const* residual) {
  for (int64_t o = 0; o < kPanel; o += lanes()) {
    VF rows[2][4];
    for (int x = 0; x < 4; ++x) {
      const float* at = sums + x * kSumStep + o;
      const VF a = load(at), b = load(at + 4 * kSumStep), c = load(at + 8 * kSumStep), d = load(at + 12 * kSumStep);
      rows[0][x] = hn::Add(a, hn::Add(b, c));
      rows[1][x] = hn::Sub(hn::Sub(b, c), d);
    }
    const VF term = bias ? load(bias + o) : hn::Zero(DF());
    for (int i = 0; i < 2; ++i) {
      const VF a = rows[i][0], b = rows[i][1], c = rows[i][2], d = rows[i][3];
      const VF made[2] = {hn::Add(hn::Add(a, hn::Add(b, c)), term), hn::Add(hn::Sub(hn::Sub(b, c), d), term)};
      for (int j = 0; j < 2; ++j) {
        const int at = 2 * i + j;
        if (to[at]) store(residual[at] ? hn::Add(made[j], load(residual[at] + o)) : made[j], to[at] + o);
      }
    }
  }
}

/// made[place] = G g Gᵀ of the kernels of as many outputs as there are lanes, `step` numbers apart.
HWY_INLINE void transform_kernels(const float* kernels, int64_t step, VF (&made)[detail::kPlaces]) {
  const auto at = hn::Mul(hn::Iota(DI(), 0), hn::Set(DI(), static_cast<int32_t>(step)));
  const VF half = splat(0.5F);
  VF rows[4][3];
  for (int x = 0; x < 3; ++x) {
    const VF a = hn::GatherIndex(DF(), kernels + x, at), b = hn::GatherIndex(DF(), kernels + 3 + x, at), c = hn::GatherIndex(DF(), kernels + 6 + x, at);
    rows[0][x] = a;
    rows[1][x] = hn::Mul(half, hn::Add(hn::Add(a, b), c));
    rows[2][x] = hn::Mul(half, hn::Add(hn::Sub(a, b), c));
    rows[3][x] = c;
  }
  for (int y = 0; y < 4; ++y) {
    const VF a = rows[y][0], b = rows[y][1], c = rows[y][2];
    made[4 * y] = a;
    made[4 * y + 1] = hn::Mul(half, hn::Add(hn::Add(a, b), c));
    made[4 * y + 2] = hn::Mul(half, hn::Add(hn::Sub(a, b), c));
    made[4 * y + 3] = c;
  }
}

/// Channel c's kernels of a panel (outputs `step` numbers apart) to packed[place][kPanel], places `place_step` apart.
void f32_pack(const float* kernels, int64_t step, float* packed, int64_t place_step) {
  VF made[detail::kPlaces];
  for (int64_t o = 0; o < kPanel; o += lanes()) {
    transform_kernels(kernels + o * step, step, made);
    for (int64_t p = 0; p < detail::kPlaces; ++p) store(made[p], packed + p * place_step + o);
  }
}

/// The same of two channels in bf16, to packed[place][kPanel][2].
void bf16_pack(const float* kernels, const float* others, int64_t step, bf16* packed, int64_t place_step) {
  VF first[detail::kPlaces], second[detail::kPlaces];
  for (int64_t o = 0; o < kPanel; o += lanes()) {
    transform_kernels(kernels + o * step, step, first);
    transform_kernels(others + o * step, step, second);
    for (int64_t p = 0; p < detail::kPlaces; ++p)
      hn::StoreU(hn::Or(bf16_bits(first[p]), hn::ShiftLeft<16>(bf16_bits(second[p]))), DU(), reinterpret_cast<uint32_t*>(packed + p * place_step + 2 * o));
  }
}

}  // namespace ptah::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

#include <algorithm>
#include <array>
#include <vector>

#include "base/memory.h"
#include "base/parallel.h"
#include "tensor/cpu/intrinsics.h"

namespace ptah {

HWY_EXPORT(f32_transform_input);
HWY_EXPORT(f32_multiply_panel);
HWY_EXPORT(f32_transform_output);
HWY_EXPORT(f32_pack);
HWY_EXPORT(bf16_pack);

namespace detail {

namespace {

int64_t input_step(int64_t channels) { return kTiles * channels + kInputGap; }

/// What the convolution is made of, for numbers of type T.
template <class T>
struct Steps {
  void (*transform_input)(const T* const* from, int64_t channels, T* to, int64_t step);
  void (*multiply)(const T* rows, int64_t row_step, int64_t count, int64_t depth, const T* panel, float* sums);
  void (*transform_output)(const float* sums, const float* bias, T* const* to, const T* const* residual);
};

/// The channel whose bf16 numbers stand at place `i` of a group.
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

/// f32_transform_input in bf16; the channels of a group stand as channel_at says.
PTAH_AVX512_BF16 void transform_input(const bf16* const* from, int64_t channels, bf16* to, int64_t step) {
  const __m512i upper = _mm512_set1_epi32(static_cast<int>(0xFFFF0000U));
  for (int64_t c = 0; c < channels; c += kGroup)
    for (int64_t odd = 0; odd < 2; ++odd) {
      __m512 d[4][4];
      for (int y = 0; y < 4; ++y)
        for (int x = 0; x < 4; ++x) {
          const __m512i both = _mm512_loadu_si512(from[4 * y + x] + c);
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

PTAH_AVX512_BF16 inline __m512 widened(const bf16* from) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from))), 16));
}

/// f32_transform_output in bf16.
PTAH_AVX512_BF16 void transform_output(const float* sums, const float* bias, bf16* const* results, const bf16* const* residuals) {
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
    for (int i = 0; i < 4; ++i) {
      bf16* to = results[i];
      if (!to) continue;
      __m512 low = y[i / 2][i % 2][0], high = y[i / 2][i % 2][1];
      if (const bf16* residual = residuals[i]) {
        low = _mm512_add_ps(low, widened(residual + o));
        high = _mm512_add_ps(high, widened(residual + o + 16));
      }
      _mm512_storeu_si512(to + o, reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(high, low)));
    }
  }
}

#endif

template <class T>
void convolve(const ConvForward& call, const T* packed, const Steps<T>& steps) {
  const ConvShape& s = call.shape;
  const int64_t in = s.in_channels, out = s.out_channels, down = (s.out_height + 1) / 2, across = (s.out_width + 1) / 2, tiles = s.batch * down * across;
  const int64_t chunk_size = kPlaces * input_step(in), chunks = (tiles + kTiles - 1) / kTiles;
  const int64_t together = std::clamp<int64_t>(kMaxBytes / (chunk_size * static_cast<int64_t>(sizeof(T))), 1, chunks);
  const Block transformed(static_cast<size_t>(together * chunk_size) * sizeof(T));
  if (DryRun::active()) return;
  auto* inputs = static_cast<T*>(transformed.data());
  const auto* source = static_cast<const T*>(call.source);
  const auto* residual = static_cast<const T*>(call.residual);
  auto* result = static_cast<T*>(call.result);
  const std::vector<T> zeros(static_cast<size_t>(in));
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
        std::array<const T*, kPlaces> from{};
        for (int64_t p = 0; p < kPlaces; ++p) {
          const int64_t y = at.y + p / 4 - s.padding, x = at.x + p % 4 - s.padding;
          const bool inside = y >= 0 && y < s.in_height && x >= 0 && x < s.in_width;
          from[static_cast<size_t>(p)] = inside ? source + ((at.picture * s.in_height + y) * s.in_width + x) * in : zeros.data();
        }
        steps.transform_input(from.data(), in, inputs + i / kTiles * chunk_size + i % kTiles * in, input_step(in));
      }
    });
    parallel_for(now * blocks, kTiles * kPlaces * in * kPanel, [&](int64_t begin, int64_t end) {
      std::vector<float> sums(static_cast<size_t>(kPlaces * kSumStep));
      for (int64_t i = begin; i < end; ++i) {
        const int64_t chunk = i / blocks, block = i % blocks, start = (first + chunk) * kTiles, count = std::min(kTiles, tiles - start);
        for (int64_t p = 0; p < kPlaces; ++p)
          steps.multiply(inputs + chunk * chunk_size + p * input_step(in), in, count, in, packed + (block * kPlaces + p) * in * kPanel,
                         sums.data() + p * kSumStep);
        for (int64_t t = 0; t < count; ++t) {
          const Place at = place(start + t);
          std::array<T*, 4> to{};
          std::array<const T*, 4> added{};
          for (int64_t r = 0; r < 4; ++r) {
            const int64_t y = at.y + r / 2, x = at.x + r % 2;
            if (y >= s.out_height || x >= s.out_width) continue;
            const int64_t pixel = ((at.picture * s.out_height + y) * s.out_width + x) * out + block * kPanel;
            to[static_cast<size_t>(r)] = result + pixel;
            if (residual) added[static_cast<size_t>(r)] = residual + pixel;
          }
          steps.transform_output(sums.data() + t * kPanel, call.bias ? call.bias + block * kPanel : nullptr, to.data(), added.data());
        }
      }
    });
  }
}

}  // namespace

bool has_winograd(const ConvForward& call) {
  const ConvShape& s = call.shape;
  return (call.type == DType::f32 || (call.type == DType::bf16 && has_panel_product())) && s.kernel_height == 3 && s.kernel_width == 3 && s.stride == 1 &&
         s.groups == 1 && s.padding <= 1 && s.in_channels % kGroup == 0 && s.out_channels % kPanel == 0 && call.activation == Activation::none &&
         s.out_height * s.out_width >= s.out_channels;
}

size_t winograd_bytes(const ConvForward& call) { return static_cast<size_t>(kPlaces * call.shape.in_channels * call.shape.out_channels) * size_of(call.type); }

void pack_winograd(const ConvForward& call, const float* kernels, void* packed) {
  const int64_t in = call.shape.in_channels, step = in * 9, place_step = in * kPanel;
  parallel_for(call.shape.out_channels / kPanel, kPanel * in * 16, [&](int64_t begin, int64_t end) {
    for (int64_t panel = begin; panel < end; ++panel) {
      const float* from = kernels + panel * kPanel * step;
      const int64_t to = panel * kPlaces * place_step;
      if (call.type == DType::f32) {
        for (int64_t c = 0; c < in; ++c) HWY_DYNAMIC_DISPATCH(f32_pack)(from + c * 9, step, static_cast<float*>(packed) + to + c * kPanel, place_step);
        continue;
      }
      const auto at = [&](int64_t c) { return from + (c / kGroup * kGroup + channel_at(c % kGroup)) * 9; };
      for (int64_t c = 0; c < in; c += 2) HWY_DYNAMIC_DISPATCH(bf16_pack)(at(c), at(c + 1), step, static_cast<bf16*>(packed) + to + c * kPanel, place_step);
    }
  });
}

void winograd(const ConvForward& call, const void* packed) {
  if (call.type == DType::f32)
    return convolve<float>(call, static_cast<const float*>(packed),
                           {[](const float* const* from, int64_t channels, float* to, int64_t step) {
                              HWY_DYNAMIC_DISPATCH(f32_transform_input)
                              (from, channels, to, step);
                            },
                            [](const float* rows, int64_t row_step, int64_t count, int64_t depth, const float* panel, float* sums) {
                              HWY_DYNAMIC_DISPATCH(f32_multiply_panel)(rows, row_step, count, depth, panel, sums);
                            },
                            [](const float* sums, const float* bias, float* const* to, const float* const* residual) {
                              HWY_DYNAMIC_DISPATCH(f32_transform_output)(sums, bias, to, residual);
                            }});
#if defined(__x86_64__)
  convolve<bf16>(call, static_cast<const bf16*>(packed), {transform_input, multiply_panel, transform_output});
#endif
}

}  // namespace detail
}  // namespace ptah
#endif
