#include "nn/transformer.h"

namespace ptah {

namespace {

/// A norm of each head of x [b, n, heads·d].
Tensor normed_heads(const Norm& norm, const Tensor& x, int64_t heads) {
  if (!norm.defined()) return x;
  return norm(x.reshape({x.dim(0), x.dim(1), heads, x.dim(2) / heads})).reshape(x.shape());
}

}  // namespace

Projections Attention::project(const Tensor& x, const Rotary& rotary) const {
  Tensor q, k, v;
  if (joined.defined()) {
    const Tensor all = joined(x);
    const int64_t d = all.dim(2) / (heads + 2 * kv_heads), queries = heads * d, keys = kv_heads * d;
    q = slice(all, 2, 0, queries);
    k = slice(all, 2, queries, queries + keys);
    v = slice(all, 2, queries + keys, queries + 2 * keys);
  } else {
    q = query(x);
    k = key(x);
    v = value(x);
  }
  return {rotary(normed_heads(query_norm, q, heads), heads), rotary(normed_heads(key_norm, k, kv_heads), kv_heads), v};
}

Tensor Attention::operator()(const Tensor& x, const AttentionContext& context, const Tensor& residual) const {
  const AttentionArgs args{.heads = heads, .kv_heads = kv_heads, .causal = causal, .window = window, .key_lengths = context.key_lengths, .scale = scale};
  const auto& [rotary, past, lengths] = context;
  const bool as_it_lies = kv_heads == heads && !past && !rotary.cosines.defined() && !query_norm.defined() && !key_norm.defined();
  if (joined.defined() && as_it_lies) return out(self_attention(joined(x), args), Activation::none, residual);
  auto [q, k, v] = project(x, rotary);
  if (past) {
    past->keys = k = past->keys.defined() ? concat({past->keys, k}, 1) : k;
    past->values = v = past->values.defined() ? concat({past->values, v}, 1) : v;
  }
  return out(attention(q, k, v, args), Activation::none, residual);
}

Tensor FeedForward::operator()(const Tensor& x, const Tensor& residual) const {
  const Tensor inner = gate.defined() ? mul(gate(x, activation), up(x)) : up(x, activation);
  return down(inner, Activation::none, residual);
}

Tensor TransformerBlock::operator()(const Tensor& x, const AttentionContext& context) const {
  const auto added = [](const Tensor& to, const Norm& after, const auto& layer) { return after.defined() ? add(to, after(layer(Tensor()))) : layer(to); };
  const Tensor middle = added(x, after_attention, [&](const Tensor& residual) { return attention(attention_norm(x), context, residual); });
  return added(middle, after_feed_forward, [&](const Tensor& residual) { return feed_forward(feed_forward_norm(middle), residual); });
}

}  // namespace ptah
