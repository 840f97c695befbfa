// What a language model does between its matrix products, on plain f32 rows: for inference, without gradients.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "tensor/dtype.h"

namespace ptah {

/// How keys and values are kept: as numbers of 4 or 2 bytes, or in 8 bits with one bf16 scale for each 32 numbers.
enum class CacheType : uint8_t { f32, bf16, q8 };
std::string_view name_of(CacheType type);
/// By its name: f32, bf16, q8.
std::optional<CacheType> cache_type_by_name(std::string_view name);
/// Bytes of a row of `numbers` (for q8 a multiple of 32).
int64_t cached_row_bytes(CacheType type, int64_t numbers);
/// Rounds a row into the cache, and widens it again.
void store_cached_row(CacheType type, const float* x, int64_t numbers, std::byte* row);
void load_cached_row(CacheType type, const std::byte* row, int64_t numbers, float* x);

constexpr int64_t kPagePositions = 256;
/// One sequence's keys and values of one layer, in pages of kPagePositions positions: rows of keys [kv_heads][kPagePositions], then those of values. Pages
/// that no position asked for lies in may be null.
struct CachedKeys {
  CacheType type = CacheType::f32;
  const std::byte* const* pages = nullptr;
  int64_t kv_heads = 1, head_dim = 0;
  int64_t row_bytes() const { return cached_row_bytes(type, head_dim); }
  /// Where the keys of a head and position lie in its page; the values lie page_bytes() / 2 behind.
  int64_t offset(int64_t head, int64_t position) const { return (head * kPagePositions + position % kPagePositions) * row_bytes(); }
  int64_t page_bytes() const { return 2 * kv_heads * kPagePositions * row_bytes(); }
};

/// out [heads, head_dim] = softmax(scale · q · Kᵀ) · V over the positions [begin, end); q f32 [heads, head_dim], heads a multiple of kv_heads. Computed in
/// f32, page by page (Dao et al. 2023, "Flash-Decoding"), so the number of threads does not matter; heads that share keys read them once.
void cached_attention(const CachedKeys& cache, const float* q, int64_t heads, int64_t begin, int64_t end, float scale, float* out);

/// Turns pairs of numbers by position · frequency (Su et al. 2021). x f32 [heads, head_dim]; cosines and sines f32 [rotated / 2]. `halves`: pairs are
/// (i, i + rotated / 2) as in GPT-NeoX, else (2i, 2i + 1).
void rotate_heads(float* x, int64_t heads, int64_t head_dim, const float* cosines, const float* sines, int64_t rotated, bool halves);

/// Root-mean-square norm of each row times `weight` [width] (Zhang and Sennrich 2019); with `bias`, LayerNorm. In place if out = x.
void norm_rows(const float* x, int64_t rows, int64_t width, const float* weight, const float* bias, bool layer_norm, float eps, float* out);

enum class Gate { silu, gelu };
/// x = act(x) · up, or act(x) if up is null; `count` numbers.
void gate_rows(float* x, const float* up, int64_t count, Gate gate);

}  // namespace ptah
