// The operations: free functions from tensors to new tensors. Every one has a gradient. Float ops take f32, bf16 and f16
// (convolutions and matrix products f32 and bf16) and return the dtype of their first argument unless they say otherwise;
// sums are kept in f32. Misuse (shapes or dtypes that do not fit) throws Failure.
#pragma once

#include <vector>

#include "tensor/cpu/dense.h"
#include "tensor/tensor.h"

namespace ptah {

// ---- conversion and layout (ops/layout.cpp, ops/cast.cpp)

/// The same values in another dtype; of blocks those they stand for (bf16 and f16: rounded to nearest). Nothing is cast to blocks: quantized() does that.
Tensor cast(const Tensor& x, DType type);
/// The nearest values that blocks of a kind hold (tensor/blocks.h), outside any gradient record. The innermost extent must be a multiple of the block.
/// Throws Failure: invalid_argument for values that are not finite.
Tensor quantized(const Tensor& x, BlockType type);
/// Axes in another order: out.shape[i] = x.shape[order[i]].
Tensor permute(const Tensor& x, const std::vector<int>& order);
/// Joins tensors of equal shape but for `axis`.
Tensor concat(const std::vector<Tensor>& parts, int axis);
/// Elements [begin, end) of one axis.
Tensor slice(const Tensor& x, int axis, int64_t begin, int64_t end);
/// Zeros (or `value`) before and after the elements of one axis.
Tensor pad(const Tensor& x, int axis, int64_t before, int64_t after, float value = 0);
/// [n, h, w, c·r·r] → [n, h·r, w·r, c]; channel order as PyTorch's pixel_shuffle (c outermost).
Tensor pixel_shuffle(const Tensor& x, int64_t r);
/// The inverse.
Tensor pixel_unshuffle(const Tensor& x, int64_t r);

// ---- dense (ops/matmul.cpp, ops/linear.cpp, ops/conv2d.cpp)

struct MatmulArgs {
  bool transpose_a = false, transpose_b = false;
};
/// [.., m, k] × [.., k, n] → [.., m, n]; the outer axes must be equal.
Tensor matmul(const Tensor& a, const Tensor& b, MatmulArgs args = {});

struct LinearArgs {
  Tensor bias = {};  ///< [n], f32
  Activation activation = Activation::none;
  Tensor residual = {};  ///< added after the activation; shape of the result
};
/// x [.., k], weight [n, k] → activation(x · weightᵀ + bias) + residual, [.., n]. The weight may be f32, bf16 or f16 whatever x is:
/// it is packed once in x's dtype. Its gradient is f32.
/// A weight in blocks is frozen: it is dequantized in x's dtype for this product alone, and again for the gradient of x.
Tensor linear(const Tensor& x, const Tensor& weight, const LinearArgs& args = {});
/// x [.., k], weight [2 n, k], bias f32 [2 n] or none → [.., n]: the first half of linear's results times gelu_erf of the second (GEGLU: Shazeer 2020).
Tensor geglu(const Tensor& x, const Tensor& weight, const Tensor& bias = {});

struct Conv2dArgs {
  Tensor bias = {};  ///< [out], f32
  int64_t stride = 1, padding = 0, groups = 1;
  Activation activation = Activation::none;
  Tensor residual = {};
};
/// x [n, h, w, in], weight [out, in / groups, kh, kw] → [n, (h + 2·padding − kh) / stride + 1, …, out].
Tensor conv2d(const Tensor& x, const Tensor& weight, const Conv2dArgs& args = {});

// ---- pictures (ops/resize.cpp, ops/pool.cpp, ops/local_filter.cpp)

enum class Filter { nearest, bilinear, lanczos };
/// [n, h, w, c] → [n, height, width, c]. Pixel centres are at half-integers (PyTorch: align_corners = false); bilinear and Lanczos (a = 3)
/// widen their kernel when they shrink, as PyTorch's antialias and Pillow do.
Tensor resize(const Tensor& x, int64_t height, int64_t width, Filter filter);
struct PoolArgs {
  int64_t kernel = 2, stride = 2, padding = 0;
};
Tensor max_pool2d(const Tensor& x, PoolArgs args = {});
/// Padding counts as zeros, as in PyTorch.
Tensor avg_pool2d(const Tensor& x, PoolArgs args = {});
/// A filter for each pixel (Bako et al. 2017): x f32 [n, h, w, c], weights f32 [n, h, w, k·k] with odd k, row by row → f32 [n, h, w, c]. Beyond an edge lies
/// its nearest pixel again.
Tensor local_filter(const Tensor& x, const Tensor& weights);

// ---- norms (ops/norm.cpp); over the last axis, group norm over (h, w, channels of a group)

struct NormArgs {
  Tensor weight = {}, bias = {};  ///< f32, [features]
  float eps = 1e-5F;
};
Tensor layer_norm(const Tensor& x, const NormArgs& args = {});
Tensor rms_norm(const Tensor& x, const NormArgs& args = {});
/// With `silu`: y·σ(y) of the result y, in the same pass over memory.
Tensor group_norm(const Tensor& x, int64_t groups, const NormArgs& args = {}, bool silu = false);
/// layer_norm(x) · (1 + scale) + shift with one scale and shift a sample: x [b, n, d], shift and scale [b, d]
/// (adaptive layer norm of diffusion transformers, Peebles and Xie 2022).
Tensor modulated_norm(const Tensor& x, const Tensor& shift, const Tensor& scale, float eps = 1e-6F);
/// x + gate · y: x and y [b, n, d], gate [b, d].
Tensor gated_add(const Tensor& x, const Tensor& y, const Tensor& gate);

// ---- softmax and attention (ops/softmax.cpp, ops/attention.cpp)

/// Over the last axis.
Tensor softmax(const Tensor& x);
Tensor log_softmax(const Tensor& x);

struct AttentionArgs {
  int64_t heads = 1;
  int64_t kv_heads = 0;     ///< of keys and values, each for heads / kv_heads heads of queries (Ainslie et al. 2023, "GQA"); 0: as many as heads
  bool causal = false;      ///< query i sees keys up to i + (keys − queries)
  int64_t window = 0;       ///< with causal: and no more than this many of the last of those; 0: all
  Tensor key_lengths = {};  ///< i32 [b]: keys from this index on are hidden; undefined: all are seen
  Tensor bias = {};         ///< f32 [queries, keys] added to the scores (−∞ hides); no gradient
  float scale = 0;          ///< 0: 1/√head_dim
};
/// Scaled dot-product attention: q [b, n, heads·d], k and v [b, m, kv_heads·d] → [b, n, heads·d]. Tiled with a running softmax; no
/// n × m matrix is held (Dao et al., FlashAttention, 2022). A query that sees no key gives zeros.
Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, const AttentionArgs& args);
/// Turns pairs of numbers of each head by angles (Su et al. 2021): x [b, n, heads·d]; cosines and sines f32 [n, r] or [b·n, r], of r ≤ d / 2 pairs; numbers
/// beyond 2 r stay. With `halves` the pairs are (i, i + r) as in GPT-NeoX, else (2i, 2i + 1). The angles have no gradient.
Tensor rotary(const Tensor& x, int64_t heads, const Tensor& cosines, const Tensor& sines, bool halves = true);
/// The same with q, k, v side by side in one tensor [b, n, 3·heads·d].
Tensor self_attention(const Tensor& qkv, const AttentionArgs& args);
/// The same with k and v side by side [b, m, 2·heads·d].
Tensor cross_attention(const Tensor& q, const Tensor& kv, const AttentionArgs& args);

// ---- element by element (ops/unary.cpp, ops/binary.cpp)

Tensor relu(const Tensor& x);
Tensor leaky_relu(const Tensor& x, float slope = 0.01F);
Tensor silu(const Tensor& x);
/// tanh form: 0.5·x·(1 + tanh(√(2/π)·(x + 0.044715·x³)))
Tensor gelu(const Tensor& x);
/// exact form: x·Φ(x), Φ the normal distribution function (to 10⁻⁷)
Tensor gelu_erf(const Tensor& x);
Tensor tanh(const Tensor& x);
Tensor sigmoid(const Tensor& x);
Tensor exp(const Tensor& x);
Tensor log(const Tensor& x);
Tensor sqrt(const Tensor& x);
Tensor abs(const Tensor& x);
Tensor square(const Tensor& x);
/// factor·x + term
Tensor affine(const Tensor& x, float factor, float term = 0);
Tensor activate(const Tensor& x, Activation activation);

/// NumPy broadcasting; the result has a's dtype.
Tensor add(const Tensor& a, const Tensor& b);
Tensor sub(const Tensor& a, const Tensor& b);
Tensor mul(const Tensor& a, const Tensor& b);
Tensor div(const Tensor& a, const Tensor& b);
Tensor maximum(const Tensor& a, const Tensor& b);
Tensor minimum(const Tensor& a, const Tensor& b);

// ---- reductions (ops/reduce.cpp): the axis stays with extent 1; f32 sums in a fixed tree

Tensor sum(const Tensor& x, int axis);
Tensor mean(const Tensor& x, int axis);
Tensor max(const Tensor& x, int axis);
/// Scalar, f32, shape [].
Tensor sum(const Tensor& x);
Tensor mean(const Tensor& x);
/// Sums over the axes that `shape` does not have or has with extent 1; f32.
Tensor sum_to(const Tensor& x, const Shape& shape);

// ---- look-up and losses (ops/embedding.cpp, ops/loss.cpp)

/// Rows of table [v, d] for ids (i32, any shape) → [ids.., d] in `type`. Gradient f32. A table in blocks is
/// frozen, and only the rows asked for are dequantized.
Tensor embedding(const Tensor& table, const Tensor& ids, DType type = DType::f32);
/// out[i] = x[ids[i]] along the outermost axis.
Tensor gather(const Tensor& x, const Tensor& ids);
/// Mean of −log softmax(logits)[target] over rows whose target is ≥ 0; logits [.., v], targets i32 [..]. Scalar f32.
Tensor cross_entropy(const Tensor& logits, const Tensor& targets);
/// Mean of (a − b)²; scalar f32. The gradient flows to both.
Tensor mse_loss(const Tensor& a, const Tensor& b);
/// Mean of |a − b|; scalar f32.
Tensor l1_loss(const Tensor& a, const Tensor& b);

}  // namespace ptah
