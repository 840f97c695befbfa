// Losses over the tokens of a vocabulary that never hold the logits of all tokens at once: with 49,152 tokens and 2,048 positions these would take 400 MB
// twice.
#pragma once

#include "tensor/tensor.h"

namespace ptah {

/// Mean of −log softmax(states · weightᵀ)[target] over the rows whose target is ≥ 0: states [.., d], weight [v, d], targets i32 [..]. Scalar f32, the value and
/// gradients of cross_entropy(linear(states, weight), targets). The gradient is made with the loss, some rows at a time.
Tensor token_loss(const Tensor& states, const Tensor& weight, const Tensor& targets);

/// Σ log softmax(states · weightᵀ)[target] over the rows whose target is ≥ 0. Scalar f32, with gradients. Only these rows are multiplied.
Tensor log_likelihood(const Tensor& states, const Tensor& weight, const Tensor& targets);

/// log softmax(states · weightᵀ)[target] of each of the `count` rows whose target is ≥ 0, in their order: f32 [count], with gradients, for which the products
/// are made a second time.
Tensor log_likelihoods(const Tensor& states, const Tensor& weight, const Tensor& targets);

}  // namespace ptah
