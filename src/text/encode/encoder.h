// Ptah's own small bidirectional text encoder: a pre-norm transformer (Vaswani et al. 2017) over the words of a prompt.
#pragma once

#include "base/json.h"
#include "nn/transformer.h"

namespace ptah {

struct TextEncoderConfig {
  int64_t vocabulary = 0, width = 256, layers = 3, heads = 4, max_tokens = 16;
};
Json to_json(const TextEncoderConfig& config);
Result<TextEncoderConfig> text_encoder_config(const Json& json);

/// Prompts as the encoder takes them.
struct TokenBatch {
  Tensor ids;      ///< i32 [batch, tokens], padded with 0
  Tensor lengths;  ///< i32 [batch]
};
/// Pads to `tokens` columns.
TokenBatch make_token_batch(const std::vector<std::vector<int32_t>>& prompts, int64_t tokens);

/// The places of texts with these ids in batches of at most `size`, the shortest first: little of a batch is padding. Equally long ones keep their order.
std::vector<std::vector<size_t>> batches_by_length(const std::vector<std::vector<int32_t>>& ids, size_t size);

struct TextStates {
  Tensor states;   ///< [batch, tokens, width]
  Tensor pooled;   ///< [batch, width]: the state of the start token
  Tensor lengths;  ///< i32 [batch]
};

class TextEncoder {
 public:
  TextEncoder(const Scope& scope, const TextEncoderConfig& config);
  /// Computes in `type`.
  TextStates operator()(const TokenBatch& batch, DType type) const;

 private:
  TextEncoderConfig config_;
  Tensor embedding_, positions_;
  std::vector<TransformerBlock> blocks_;
  Norm norm_;
};

}  // namespace ptah
