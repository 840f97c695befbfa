// Transformer layers (Vaswani et al. 2017): attention, with rotary positions and heads that share keys where a model has them, feed-forward, gated or not, and
// the block they make. They run for real, under a gradient scope and in plans.
#pragma once

#include "nn/layers.h"
#include "nn/rotary.h"

namespace ptah {

/// What a layer remembers of the tokens before: keys and values [b, tokens, kv_heads·d], which grow with every call.
struct KeyValues {
  Tensor keys, values;
};

/// What attention needs beside the states.
struct AttentionContext {
  Rotary rotary = {};         ///< of the positions of the states
  KeyValues* past = nullptr;  ///< of the tokens before; grows by the states'
  Tensor key_lengths = {};    ///< i32 [b]: how many states of each sequence are no padding; undefined: all
};

/// What attention compares and gathers: [b, n, heads·d], and keys and values [b, n, kv_heads·d].
struct Projections {
  Tensor queries, keys, values;
};

struct Attention {
  int64_t heads = 1, kv_heads = 1;
  bool causal = true;  ///< a token sees itself and those before
  float scale = 0;     ///< of the scores; 0: 1/√head_dim
  int64_t window = 0;  ///< if causal: how many of the last tokens a token sees, itself among them; 0: all
  Linear query, key, value;
  Linear joined;  ///< the three side by side, instead of them
  Linear out;
  Norm query_norm, key_norm;  ///< of each head, before the positions; may be undefined

  /// x [b, n, width] → [b, n, width] (+ residual).
  Tensor operator()(const Tensor& x, const AttentionContext& context = {}, const Tensor& residual = {}) const;
  /// Queries and keys normed and placed, and values, of x [b, n, width].
  Projections project(const Tensor& x, const Rotary& rotary) const;
};

struct FeedForward {
  Linear gate;  ///< may be undefined
  Linear up, down;
  Activation activation = Activation::silu;

  /// down(act(gate(x)) · up(x)), or down(act(up(x))) without a gate (+ residual).
  Tensor operator()(const Tensor& x, const Tensor& residual = {}) const;
};

/// x + attention(norm(x)), then x + feed_forward(norm(x)); with `after_…` norms what is added is normed before.
struct TransformerBlock {
  Norm attention_norm, after_attention, feed_forward_norm, after_feed_forward;
  Attention attention;
  FeedForward feed_forward;

  Tensor operator()(const Tensor& x, const AttentionContext& context = {}) const;
};

}  // namespace ptah
