// The network of language models of the GPT kind (Radford et al. 2018): a table of tokens, transformer blocks, a norm, and logits. The families differ in what
// LanguageConfig says: Llama, Mistral, Qwen 2 and 3, Gemma 3 and GPT-2 are one block with other norms, activations and positions.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "nn/lora.h"
#include "nn/transformer.h"
#include "text/lm/language_config.h"

namespace ptah {

/// What every block remembers of the tokens before; empty at the beginning of a text.
using DecoderMemory = std::vector<KeyValues>;

class Decoder {
 public:
  /// Binds weights by GGUF's names ("blk.0.attn_q.weight", tensor of [out, in]); fresh weights are made. Throws Failure: mismatch, naming what is missing (with
  /// the nearest name) or of the wrong shape.
  Decoder(Weights& weights, const LanguageConfig& config);

  /// ids i32 [b, n] → logits [b, n, vocabulary] in `type` (f32, bf16), in which everything is computed; norms and softmax sum in f32. Quantised weights are
  /// dequantised one at a time. With `memory` the ids go on where those before ended, and are remembered too.
  Tensor operator()(const Tensor& ids, DType type = DType::f32, DecoderMemory* memory = nullptr) const;
  /// The states after the last norm, [b, n, width], and what makes logits of them.
  Tensor states(const Tensor& ids, DType type = DType::f32, DecoderMemory* memory = nullptr) const;
  Tensor logits(const Tensor& states) const { return output(states); }
  /// What goes into the first block: the table's rows of `ids` i32 [b, n], which stand at `places` of their sequence, scaled, with learned positions.
  Tensor embedded(const Tensor& ids, std::span<const int64_t> places, DType type) const;
  /// The angles of `places` for the blocks that see everything and for those with a window.
  struct Angles {
    Rotary all, windowed;
    const Rotary& of(const TransformerBlock& block) const { return block.attention.window > 0 ? windowed : all; }
  };
  Angles angles(std::span<const int64_t> places) const;

  /// Every linear layer with the name of its weights ("blk.0.attn_q"), for adapters.
  void each_linear(const std::function<void(const std::string& name, Linear& layer)>& visit);
  /// Gives the layers that `lora` names an adapter (nn/lora.h) from `adapters`. Throws Failure: invalid_argument if it names none of this model's.
  void add_adapters(const LoraConfig& lora, Weights& adapters);
  void remove_adapters();

  /// The angles of positions, for the blocks that see everything or a window only.
  const std::vector<double>& frequencies(bool windowed) const { return windowed ? local_frequencies_ : frequencies_; }

  LanguageConfig config;
  Tensor embedding, positions;  ///< [vocabulary, width]; [context, width] for learned positions, else undefined
  std::vector<TransformerBlock> blocks;
  Norm final_norm;
  Linear output;  ///< the embedding itself if the weights have no other

 private:
  TransformerBlock block(Weights& weights, int64_t index) const;
  std::vector<double> frequencies_, local_frequencies_;
};

}  // namespace ptah
