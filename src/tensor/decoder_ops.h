// What a language model does between its matrix products, on plain f32 rows: for inference, without gradients.
#pragma once

#include <cstdint>

#include "tensor/dtype.h"

namespace ptah {

/// One sequence's keys and values of one layer: [kv_heads][capacity][head_dim] of `type` (f32 or bf16).
struct CachedKeys {
  DType type = DType::f32;
  const void *keys = nullptr, *values = nullptr;
  int64_t kv_heads = 1, capacity = 0, head_dim = 0;
};

/// out [heads, head_dim] = softmax(scale · q · Kᵀ) · V over the positions [begin, end); q f32 [heads, head_dim], heads a multiple of kv_heads. Computed in
/// f32, head by head, so the number of threads does not matter.
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
