#include "tensor/cpu/weight_gradient.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include "base/memory.h"
#include "base/parallel.h"
#include "tensor/cpu/tile_gemm.h"

namespace ptah::detail {

namespace {
constexpr int64_t kChunk = 480;  // rows of m at a time: a 32-wide panel of x and the turned gradient stay in cache
constexpr int64_t kPanel = 32;   // columns of x
constexpr int64_t kStripe = 96;  // columns of grad that one task turns and multiplies

constexpr int64_t kRows = 32;  // rows of x that are packed together

/// `count` rows and zero rows up to `depth`.
std::unique_ptr<Block> padded_rows(const bf16* from, int64_t count, int64_t depth, int64_t width) {
  auto block = std::make_unique<Block>(static_cast<size_t>(depth * width) * sizeof(bf16));
  auto* to = static_cast<bf16*>(block->data());
  std::memcpy(to, from, static_cast<size_t>(count * width) * sizeof(bf16));
  std::memset(static_cast<void*>(to + count * width), 0, static_cast<size_t>((depth - count) * width) * sizeof(bf16));
  return block;
}
}  // namespace

bool has_tile_weight_gradient(int64_t m, int64_t n, int64_t k) { return bf16_tile_kernels() && n % 32 == 0 && k % kPanel == 0 && n > 0 && k > 0 && m > 0; }

void tile_weight_gradient(const bf16* grad, const bf16* x, int64_t m, int64_t n, int64_t k, float* out) {
  const TileKernels<bf16>* tile = bf16_tile_kernels();
  const int64_t panels = k / kPanel, stripes = (n + kStripe - 1) / kStripe;
  const Block packed_block(static_cast<size_t>(kChunk * k) * sizeof(bf16));
  if (DryRun::active()) return;
  auto* packed = static_cast<bf16*>(packed_block.data());
  for (int64_t first = 0; first < m; first += kChunk) {
    const int64_t count = std::min(kChunk, m - first), depth = (count + 31) / 32 * 32;
    const bf16 *x_rows = x + first * k, *grad_rows = grad + first * n;
    std::unique_ptr<Block> x_padded, grad_padded;
    if (count < depth) {
      x_padded = padded_rows(x_rows, count, depth, k);
      grad_padded = padded_rows(grad_rows, count, depth, n);
      x_rows = static_cast<const bf16*>(x_padded->data());
      grad_rows = static_cast<const bf16*>(grad_padded->data());
    }
    parallel_for(depth / kRows, kRows * k, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin * kRows; row < end * kRows; row += kRows)
        for (int64_t p = 0; p < panels; ++p) tile->pack(x_rows + row * k + p * kPanel, k, kRows, kPanel, packed + (p * depth + row) * kPanel);
    });
    parallel_for(stripes, depth * kStripe * k / 8, [&](int64_t begin, int64_t end) {
      alignas(64) bf16 rows[kChunk * kStripe];
      alignas(64) bf16 pairs[kChunk * kStripe];
      for (int64_t s = begin; s < end; ++s) {
        const int64_t column = s * kStripe, width = std::min(kStripe, n - column);
        tile->pack(grad_rows + column, n, depth, width, pairs);
        tile->unpack_transposed(pairs, depth, width, rows);
        tile->begin();
        for (int64_t p = 0; p < panels; ++p)
          tile->gemm(width, kPanel, depth, rows, depth, packed + p * depth * kPanel, out + column * k + p * kPanel, k, first > 0);
        tile->end();
      }
    });
  }
}

}  // namespace ptah::detail
