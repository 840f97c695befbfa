// Decoders (text/lm/decoder.h) in training: new ones, their weights as masters in f32, and their pass with dropout.
#pragma once

#include <functional>

#include "text/lm/decoder.h"

namespace ptah {

/// The shape of a decoder that is trained from nothing.
struct NewDecoder {
  /// gpt2 (Radford et al. 2019), llama (Touvron et al. 2023), or mistral (Jiang et al. 2023), which sees the last `context` tokens and so may write on for
  /// as long as it is asked to; the others end where their context does.
  std::string family = "gpt2";
  int64_t vocabulary = 0, layers = 4, heads = 4, width = 128, context = 64;
  int64_t kv_heads = 0;      ///< not of gpt2; 0: as many as heads
  int64_t feed_forward = 0;  ///< 0: 4 · width, of the gated families 8/3 · width in multiples of 32
};
/// Its config.json. Errors: invalid_argument for sizes that do not fit each other, and for other families.
Result<Json> new_decoder_config(const NewDecoder& shape);

/// Weights to begin with, by GGUF's names, as GPT-2's code begins: normal of deviation 0.02, those that end a block's halves divided by √(2 · layers), biases
/// zero, norms one.
std::map<std::string, Tensor> new_decoder_weights(const LanguageConfig& config, uint64_t seed);

/// All weights of a decoder by GGUF's names, as they lie.
std::map<std::string, Tensor> weights_of(Decoder& decoder);

/// Zeros numbers at random and scales the others up (Srivastava et al. 2014): behind the embedding and behind each half of a block. Which ones depends on the
/// seed, the step and the place in the network only.
struct Dropout {
  float rate = 0;
  uint64_t seed = 0;
  int64_t step = 0;
};
/// Dropout for a network of another kind: each call is the next place.
std::function<Tensor(const Tensor&)> dropper(const Dropout& dropout);
/// As Decoder::states, with dropout.
Tensor training_states(const Decoder& decoder, const Tensor& ids, DType type, const Dropout& dropout = {});

/// The mean loss of the next tokens (token_loss.h).
Tensor language_loss(const Decoder& decoder, const Tensor& ids, const Tensor& targets, DType type, const Dropout& dropout = {});

}  // namespace ptah
