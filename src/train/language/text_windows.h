// A text's tokens as sequences to train on.
#pragma once

#include <span>
#include <vector>

#include "base/philox.h"
#include "tensor/tensor.h"

namespace ptah {

/// Sequences, and for each of their tokens the one behind it: both i32 [sequences, length].
struct NextTokens {
  Tensor ids, targets;
};
/// The sequences that begin at `starts`, each at most tokens.size() − length − 1.
NextTokens windows_at(std::span<const int32_t> tokens, const std::vector<int64_t>& starts, int64_t length);

/// Where sequences of a length may begin, drawn evenly. The text must be longer than a sequence.
std::vector<int64_t> random_starts(std::span<const int32_t> tokens, int64_t count, int64_t length, Random& random);

/// Where sequences begin that lie side by side, as many as hold `max_tokens`; at least one.
std::vector<int64_t> even_starts(std::span<const int32_t> tokens, int64_t length, int64_t max_tokens);

}  // namespace ptah
