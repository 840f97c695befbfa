#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/cpu/tile_gemm.cpp"
#include <hwy/foreach_target.h>

#include "tensor/cpu/simd-inl.h"
#include "tensor/cpu/tile_gemm.h"

HWY_BEFORE_NAMESPACE();
namespace ptah::HWY_NAMESPACE {

void f32_gemm(int64_t m, int64_t n, int64_t k, const float* a, int64_t lda, const float* b, float* c, int64_t ldc, bool accumulate) {
  const int64_t step = lanes();
  for (int64_t i = 0; i < m; i += 4)
    for (int64_t j = 0; j < n; j += 2 * step) {
      const bool two = j + step < n;
      VF sums[4][2];
      for (int r = 0; r < 4; ++r)
        for (int s = 0; s < 2; ++s) sums[r][s] = accumulate && (s == 0 || two) ? load(c + (i + r) * ldc + j + s * step) : hn::Zero(DF());
      for (int64_t l = 0; l < k; ++l) {
        const VF left = load(b + l * n + j), right = two ? load(b + l * n + j + step) : hn::Zero(DF());
        for (int r = 0; r < 4; ++r) {
          const VF x = splat(a[(i + r) * lda + l]);
          sums[r][0] = hn::MulAdd(x, left, sums[r][0]);
          sums[r][1] = hn::MulAdd(x, right, sums[r][1]);
        }
      }
      for (int r = 0; r < 4; ++r) {
        store(sums[r][0], c + (i + r) * ldc + j);
        if (two) store(sums[r][1], c + (i + r) * ldc + j + step);
      }
    }
}

}  // namespace ptah::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

#include <cstring>

#include "tensor/cpu/dense.h"
#include "tensor/cpu/intrinsics.h"
#include "tensor/device.h"

#if defined(__x86_64__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace ptah {

HWY_EXPORT(f32_gemm);

namespace detail {

namespace {

void f32_pack(const float* rows, int64_t ld, int64_t k, int64_t n, float* packed) {
  for (int64_t l = 0; l < k; ++l) std::memcpy(packed + l * n, rows + l * ld, static_cast<size_t>(n) * sizeof(float));
}
void f32_pack_transposed(const float* rows, int64_t ld, int64_t k, int64_t n, float* packed) {
  for (int64_t j = 0; j < n; ++j)
    for (int64_t l = 0; l < k; ++l) packed[l * n + j] = rows[j * ld + l];
}
void f32_unpack_transposed(const float* packed, int64_t k, int64_t n, float* rows) { f32_pack_transposed(packed, n, n, k, rows); }
void nothing() {}

#if defined(__x86_64__)

/// Packed order: [k / 2][n][2], pairs of neighbouring k side by side.
PTAH_AVX512 void bf16_pack(const bf16* rows, int64_t ld, int64_t k, int64_t n, bf16* packed) {
  for (int64_t l = 0; l < k; l += 2)
    for (int64_t j = 0; j < n; j += 16) {
      const __m256i even = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(rows + l * ld + j));
      const __m256i odd = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(rows + (l + 1) * ld + j));
      const __m512i pairs = _mm512_or_si512(_mm512_cvtepu16_epi32(even), _mm512_slli_epi32(_mm512_cvtepu16_epi32(odd), 16));
      _mm512_storeu_si512(packed + l * n + j * 2, pairs);
    }
}

/// 16 × 16 words: to[j][i] = from[i][j].
PTAH_AVX512 void transpose_words(const uint32_t* from, int64_t from_step, uint32_t* to, int64_t to_step) {
  __m512i r[16], t[16];
  for (int i = 0; i < 16; ++i) r[i] = _mm512_loadu_si512(from + i * from_step);
  for (int i = 0; i < 8; ++i) {
    t[2 * i] = _mm512_unpacklo_epi32(r[2 * i], r[2 * i + 1]);
    t[2 * i + 1] = _mm512_unpackhi_epi32(r[2 * i], r[2 * i + 1]);
  }
  for (int i = 0; i < 4; ++i) {
    r[4 * i] = _mm512_unpacklo_epi64(t[4 * i], t[4 * i + 2]);
    r[4 * i + 1] = _mm512_unpackhi_epi64(t[4 * i], t[4 * i + 2]);
    r[4 * i + 2] = _mm512_unpacklo_epi64(t[4 * i + 1], t[4 * i + 3]);
    r[4 * i + 3] = _mm512_unpackhi_epi64(t[4 * i + 1], t[4 * i + 3]);
  }
  for (int i = 0; i < 4; ++i) {
    t[i] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0x88);
    t[i + 4] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0xdd);
    t[i + 8] = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0x88);
    t[i + 12] = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0xdd);
  }
  for (int i = 0; i < 4; ++i) {
    _mm512_storeu_si512(to + i * to_step, _mm512_shuffle_i32x4(t[i], t[i + 8], 0x88));
    _mm512_storeu_si512(to + (i + 8) * to_step, _mm512_shuffle_i32x4(t[i], t[i + 8], 0xdd));
    _mm512_storeu_si512(to + (i + 4) * to_step, _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0x88));
    _mm512_storeu_si512(to + (i + 12) * to_step, _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0xdd));
  }
}

void bf16_pack_transposed(const bf16* rows, int64_t ld, int64_t k, int64_t n, bf16* packed) {
  for (int64_t j = 0; j < n; j += 16)
    for (int64_t l = 0; l < k; l += 32)
      transpose_words(reinterpret_cast<const uint32_t*>(rows + j * ld + l), ld / 2, reinterpret_cast<uint32_t*>(packed + l * n + j * 2), n);
}

void bf16_unpack_transposed(const bf16* packed, int64_t k, int64_t n, bf16* rows) {
  for (int64_t l = 0; l < k; l += 32)
    for (int64_t j = 0; j < n; j += 16)
      transpose_words(reinterpret_cast<const uint32_t*>(packed + l * n + j * 2), n, reinterpret_cast<uint32_t*>(rows + j * k + l), k / 2);
}

PTAH_AVX512_BF16 void bf16_dot_gemm(int64_t m, int64_t n, int64_t k, const bf16* a, int64_t lda, const bf16* b, float* c, int64_t ldc, bool accumulate) {
  for (int64_t i = 0; i < m; i += 8) {
    if (n % 32) {  // the last 16 columns
      const int64_t j = n - 16;
      __m512 sums[8];
      for (int r = 0; r < 8; ++r) sums[r] = accumulate ? _mm512_loadu_ps(c + (i + r) * ldc + j) : _mm512_setzero_ps();
      for (int64_t l = 0; l < k; l += 2) {
        const auto column = reinterpret_cast<__m512bh>(_mm512_loadu_si512(b + l * n + j * 2));
        for (int r = 0; r < 8; ++r) {
          int32_t pair = 0;
          std::memcpy(&pair, a + (i + r) * lda + l, sizeof pair);
          sums[r] = _mm512_dpbf16_ps(sums[r], reinterpret_cast<__m512bh>(_mm512_set1_epi32(pair)), column);
        }
      }
      for (int r = 0; r < 8; ++r) _mm512_storeu_ps(c + (i + r) * ldc + j, sums[r]);
    }
    for (int64_t j = 0; j + 32 <= n; j += 32) {
      __m512 sums[8][2];
      for (int r = 0; r < 8; ++r)
        for (int s = 0; s < 2; ++s) sums[r][s] = accumulate ? _mm512_loadu_ps(c + (i + r) * ldc + j + s * 16) : _mm512_setzero_ps();
      for (int64_t l = 0; l < k; l += 2) {
        const auto left = reinterpret_cast<__m512bh>(_mm512_loadu_si512(b + l * n + j * 2));
        const auto right = reinterpret_cast<__m512bh>(_mm512_loadu_si512(b + l * n + j * 2 + 32));
        for (int r = 0; r < 8; ++r) {
          int32_t pair = 0;
          std::memcpy(&pair, a + (i + r) * lda + l, sizeof pair);
          const auto x = reinterpret_cast<__m512bh>(_mm512_set1_epi32(pair));
          sums[r][0] = _mm512_dpbf16_ps(sums[r][0], x, left);
          sums[r][1] = _mm512_dpbf16_ps(sums[r][1], x, right);
        }
      }
      for (int r = 0; r < 8; ++r)
        for (int s = 0; s < 2; ++s) _mm512_storeu_ps(c + (i + r) * ldc + j + s * 16, sums[r][s]);
    }
  }
}

PTAH_AMX void amx_begin() {
  struct alignas(64) Config {
    uint8_t palette = 1, start_row = 0, reserved[14] = {};
    uint16_t columns[16] = {64, 64, 64, 64, 64, 64, 64, 64};
    uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
  };
  static const Config config;
  _tile_loadconfig(&config);
}
PTAH_AMX void amx_end() { _tile_release(); }

PTAH_AMX void amx_gemm(int64_t m, int64_t n, int64_t k, const bf16* a, int64_t lda, const bf16* b, float* c, int64_t ldc, bool accumulate) {
  const auto a_step = static_cast<size_t>(lda) * 2, b_step = static_cast<size_t>(n) * 4, c_step = static_cast<size_t>(ldc) * 4;
  for (int64_t i = 0; i < m; i += 32)
    for (int64_t j = 0; j < n; j += 32) {
      float *c0 = c + i * ldc + j, *c1 = c0 + 16 * ldc;
      if (accumulate) {
        _tile_loadd(0, c0, c_step);
        _tile_loadd(1, c0 + 16, c_step);
        _tile_loadd(2, c1, c_step);
        _tile_loadd(3, c1 + 16, c_step);
      } else {
        _tile_zero(0);
        _tile_zero(1);
        _tile_zero(2);
        _tile_zero(3);
      }
      for (int64_t l = 0; l < k; l += 32) {
        _tile_loadd(4, a + i * lda + l, a_step);
        _tile_loadd(6, b + l * n + j * 2, b_step);
        _tile_dpbf16ps(0, 4, 6);
        _tile_loadd(7, b + l * n + j * 2 + 32, b_step);
        _tile_dpbf16ps(1, 4, 7);
        _tile_loadd(5, a + (i + 16) * lda + l, a_step);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
      }
      _tile_stored(0, c0, c_step);
      _tile_stored(1, c0 + 16, c_step);
      _tile_stored(2, c1, c_step);
      _tile_stored(3, c1 + 16, c_step);
    }
}

/// Linux grants the tile registers on request (arch_prctl ARCH_REQ_XCOMP_PERM, XTILEDATA).
bool tiles_granted() {
  static const bool granted = syscall(SYS_arch_prctl, 0x1023, 18) == 0;
  return granted;
}

#endif  // __x86_64__

}  // namespace

const TileKernels<float>& f32_tile_kernels() {
  static const TileKernels<float> kernels{f32_pack,
                                          f32_pack_transposed,
                                          f32_unpack_transposed,
                                          [](int64_t m, int64_t n, int64_t k, const float* a, int64_t lda, const float* b, float* c, int64_t ldc, bool more) {
                                            HWY_DYNAMIC_DISPATCH(f32_gemm)(m, n, k, a, lda, b, c, ldc, more);
                                          },
                                          1,
                                          32,
                                          nothing,
                                          nothing};
  return kernels;
}

const TileKernels<bf16>* bf16_tile_kernels() {
#if defined(__x86_64__)
  static const TileKernels<bf16> amx{bf16_pack, bf16_pack_transposed, bf16_unpack_transposed, amx_gemm, 32, 32, amx_begin, amx_end};
  static const TileKernels<bf16> dot{bf16_pack, bf16_pack_transposed, bf16_unpack_transposed, bf16_dot_gemm, 2, 16, nothing, nothing};
  if (has_amx() && tiles_granted()) return &amx;
  if (has_bf16()) return &dot;
#endif
  return nullptr;
}

}  // namespace detail
}  // namespace ptah
#endif
