// Products of bf16 rows with a weight that is packed in panels of 64 outputs: the inner kernel of Winograd's convolutions, and of gated linear layers.
// For processors with AVX512-BF16 and no AMX.
#pragma once

#include "tensor/cpu/dense.h"

namespace ptah::detail {

constexpr int64_t kPanel = 64;      // outputs of a panel
constexpr int64_t kPanelRows = 6;   // rows whose sums stand in registers at a time
constexpr int64_t kChunkRows = 96;  // rows that meet one panel while it lies in cache

bool has_panel_product();

/// sums f32 [count, kPanel] = rows · panel: rows [count, depth] of bf16, `row_step` numbers apart; the panel lies as [depth / 2][kPanel][2]. Each sum is made
/// in the order of the depth.
void multiply_panel(const bf16* rows, int64_t row_step, int64_t count, int64_t depth, const bf16* panel, float* sums);

/// Packs the weight bf16 [n, k] of a gated product: a panel holds 32 outputs of the first half and the 32 of the second half that gate them.
void pack_gated(int64_t n, int64_t k, const bf16* weight, bf16* packed);
/// A gated product that takes_gated. The same bytes for any number of threads, and for a row alone or among others.
void gated_product(const GemmCall& call, const bf16* packed);

}  // namespace ptah::detail
