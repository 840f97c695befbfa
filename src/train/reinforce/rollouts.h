// Many answers of a language model at once, for training: the path where products are dense and adapters are part of the weights. Answers have other bytes than
// those of text/lm/generation.h, whose weights are read as they lie.
#pragma once

#include <optional>
#include <vector>

#include "base/progress.h"
#include "text/lm/decoder.h"

namespace ptah {

struct RolloutOptions {
  int64_t max_tokens = 128;
  float temperature = 1;  ///< 0: always the most likely token
  uint64_t seed = 0, stream = 0;
  std::vector<int32_t> stop_tokens;
};

struct Rollout {
  std::vector<int32_t> tokens;  ///< of the answer, with the one that ends it
  bool ended = false;           ///< by a stop token
};

class Rollouts {
 public:
  /// Copies the weights of `decoder`, adapters added, in `type` (f32, bf16); the decoder must outlive this.
  Rollouts(Decoder& decoder, DType type);
  /// Reads the layers that have adapters again.
  void refresh();

  /// `group` answers to each prompt (tokens, none empty), those of the first prompt first. Each answer depends on its prompt, the seed, the stream and its
  /// place only, on any number of threads. Throws Failure: cancelled; invalid_argument if a prompt and its answer do not fit the model's context.
  std::vector<Rollout> sample(const std::vector<std::vector<int32_t>>& prompts, int64_t group, const RolloutOptions& options, const CancelToken* cancel) const;

 private:
  struct Batch;
  Tensor step(Batch& batch, const std::vector<int32_t>& tokens) const;
  Tensor attend(const TransformerBlock& block, size_t layer, const Tensor& x, Batch& batch, const Rotary& rotary) const;

  Decoder& source_;
  DType type_;
  std::optional<Weights> weights_;
  std::optional<Decoder> merged_;
};

}  // namespace ptah
