#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/cpu/panel_product.cpp"
#include <hwy/foreach_target.h>

#include "tensor/cpu/panel_product.h"
#include "tensor/cpu/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace ptah::HWY_NAMESPACE {

/// Of each row of sums [count, kPanel] the first half, plus bias, times gelu_erf of the second half, plus bias: to [count, kPanel / 2], rows `step` apart.
void gate_rows(const float* sums, int64_t count, const float* bias, const float* gate_bias, bf16* to, int64_t step) {
  constexpr int64_t kHalf = detail::kPanel / 2;
  for (int64_t row = 0; row < count; ++row)
    for (int64_t o = 0; o < kHalf; o += lanes()) {
      VF value = load(sums + row * detail::kPanel + o), gate = load(sums + row * detail::kPanel + kHalf + o);
      if (bias) {
        value = hn::Add(value, load(bias + o));
        gate = hn::Add(gate, load(gate_bias + o));
      }
      store(hn::Mul(value, gelu_erf(gate)), to + row * step + o);
    }
}

}  // namespace ptah::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/parallel.h"
#include "tensor/cpu/intrinsics.h"
#include "tensor/device.h"

namespace ptah {

HWY_EXPORT(gate_rows);

namespace detail {

namespace {
constexpr int64_t kHalf = kPanel / 2;
}

bool has_panel_product() {
#if defined(__x86_64__)
  return has_bf16() && !has_amx();
#else
  return false;
#endif
}

#if defined(__x86_64__)

namespace {

constexpr int kVectors = kPanel / 16;

template <int kCount>
PTAH_AVX512_BF16 void multiply_rows(const bf16* rows, int64_t row_step, int64_t depth, const bf16* panel, float* sums) {
  __m512 sum[kCount][kVectors];
  for (auto& row : sum)
    for (auto& one : row) one = _mm512_setzero_ps();
  for (int64_t i = 0; i < depth; i += 2) {
    __m512bh b[kVectors];
    for (int v = 0; v < kVectors; ++v) b[v] = reinterpret_cast<__m512bh>(_mm512_loadu_si512(panel + (i * kPanel + v * 32)));
    for (int r = 0; r < kCount; ++r) {
      int32_t pair = 0;
      std::memcpy(&pair, rows + r * row_step + i, sizeof pair);
      const auto a = reinterpret_cast<__m512bh>(_mm512_set1_epi32(pair));
      for (int v = 0; v < kVectors; ++v) sum[r][v] = _mm512_dpbf16_ps(sum[r][v], a, b[v]);
    }
  }
  for (int r = 0; r < kCount; ++r)
    for (int v = 0; v < kVectors; ++v) _mm512_storeu_ps(sums + r * kPanel + v * 16, sum[r][v]);
}

}  // namespace

void multiply_panel(const bf16* rows, int64_t row_step, int64_t count, int64_t depth, const bf16* panel, float* sums) {
  int64_t row = 0;
  for (; row + kPanelRows <= count; row += kPanelRows) multiply_rows<kPanelRows>(rows + row * row_step, row_step, depth, panel, sums + row * kPanel);
  constexpr decltype(&multiply_rows<1>) kRest[] = {multiply_rows<1>, multiply_rows<2>, multiply_rows<3>, multiply_rows<4>, multiply_rows<5>};
  if (row < count) kRest[count - row - 1](rows + row * row_step, row_step, depth, panel, sums + row * kPanel);
}

#else

void multiply_panel(const bf16*, int64_t, int64_t, int64_t, const bf16*, float*) {}

#endif

bool takes_gated(const GemmCall& call) {
  return has_panel_product() && call.weight && call.weight->body()->packing == WeightPacking::own && call.batch == 1 && call.b_transposed &&
         !call.a_transposed && call.a_type == DType::bf16 && call.c_type == DType::bf16 && call.n % kPanel == 0 && call.k % 2 == 0 && call.k > 0 &&
         call.activation == Activation::none && !call.residual;
}

void pack_gated(int64_t n, int64_t k, const bf16* weight, bf16* packed) {
  parallel_for(n / kPanel, kPanel * k, [&](int64_t begin, int64_t end) {
    for (int64_t panel = begin; panel < end; ++panel)
      for (int64_t o = 0; o < kPanel; ++o) {
        const bf16* from = weight + (panel * kHalf + o + (o < kHalf ? 0 : n / 2 - kHalf)) * k;
        bf16* to = packed + panel * kPanel * k + 2 * o;
        for (int64_t i = 0; i < k; i += 2) std::memcpy(to + i * kPanel, from + i, 2 * sizeof(bf16));
      }
  });
}

void gated_product(const GemmCall& call, const bf16* packed) {
  if (DryRun::active()) return;
  const int64_t chunks = (call.m + kChunkRows - 1) / kChunkRows, panels = call.n / kPanel, width = call.n / 2;
  const bool rows_first = call.m > call.n;  // what is larger is read once, what is smaller again and again
  const auto* rows = static_cast<const bf16*>(call.a);
  auto* result = static_cast<bf16*>(call.c);
  parallel_for(chunks * panels, kChunkRows * kPanel * call.k / 16, [&](int64_t begin, int64_t end) {
    std::vector<float> sums(static_cast<size_t>(kChunkRows * kPanel));
    for (int64_t i = begin; i < end; ++i) {
      const int64_t chunk = rows_first ? i / panels : i % chunks, panel = rows_first ? i % panels : i / chunks;
      const int64_t first = chunk * kChunkRows, count = std::min(kChunkRows, call.m - first);
      multiply_panel(rows + first * call.k, call.k, count, call.k, packed + panel * kPanel * call.k, sums.data());
      const float* bias = call.bias ? call.bias + panel * kHalf : nullptr;
      HWY_DYNAMIC_DISPATCH(gate_rows)(sums.data(), count, bias, bias ? bias + width : nullptr, result + first * width + panel * kHalf, width);
    }
  });
}

}  // namespace detail
}  // namespace ptah
#endif
