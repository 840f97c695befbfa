// The writer: from the states of a sentence encoder to the tokens of a writing. A transformer that reads the sentence as a prefix and writes token by token;
// tokens that cannot follow are never taken, so every writing is valid.
#pragma once

#include "nn/transformer.h"
#include "shape/words/writing.h"

namespace ptah {

struct ShapeWriterConfig {
  int64_t text_width = 384;  ///< of the sentence encoder's states
  int64_t text_tokens = 32;  ///< how many of them are read; the rest is cut
  int64_t tokens = 0;        ///< of the vocabulary
  int64_t width = 256, heads = 4, layers = 6, hidden = 768;
};
Json to_json(const ShapeWriterConfig& config);
/// Errors: corrupt for missing or absurd values.
Result<ShapeWriterConfig> shape_writer_config(const Json& json);

class ShapeWriter {
 public:
  ShapeWriter(const Scope& scope, const ShapeWriterConfig& config);

  /// States f32 [b, text_tokens, text_width], zeros behind the end of a sentence; ids i32 [b, n], the first is `begin`. Logits of the token behind each,
  /// f32 [b, n, tokens]. Computes in `type`.
  Tensor operator()(const Tensor& states, const Tensor& ids, DType type) const;
  /// The likeliest writing of one sentence, token by token; states f32 [1, text_tokens, text_width]. `certainty` gets the least probability that the model gave
  /// one of the kinds (1 if it wrote none). Errors: cancelled.
  Result<Writing> write(const Tensor& states, const ShapeTokens& tokens, DType type, const CancelToken* cancel = nullptr, float* certainty = nullptr) const;
  const ShapeWriterConfig& config() const { return config_; }

 private:
  Tensor run(const Tensor& x, std::span<const int64_t> positions, std::vector<KeyValues>* past) const;
  Tensor embedded(const Tensor& ids, DType type) const;

  ShapeWriterConfig config_;
  Linear text_in_;
  Tensor table_;
  std::vector<TransformerBlock> blocks_;
  Norm norm_;
  Linear out_;
};

}  // namespace ptah
