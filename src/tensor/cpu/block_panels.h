// Products of block-quantised matrices with many vectors, in 8-bit integers: how prompts are read. For processors with AVX512-BF16, which have AVX512-VNNI
// too, and no AMX.
#pragma once

#include "tensor/blocks.h"

namespace ptah::detail {

/// Whether block_panel_product multiplies matrices of this kind here, under the instruction set and the version of the arithmetic in force.
bool has_block_panels(BlockType type);

/// y f32 [count, rows] = x · Wᵀ for x rounded to 8 bits [count, columns], columns a multiple of 32. The integers of a block are summed exactly, then scaled and
/// added in f32 in the order of the columns: the same bytes for any number of threads, and for a vector alone or among others. Panels of 32 rows of W are
/// unpacked once for all vectors. The rounding error is that of block_product.
void block_panel_product(const BlockMatrix& w, const RoundedVectors& x, float* y);

}  // namespace ptah::detail
