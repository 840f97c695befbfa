// Language models of the GPT kind: one decoder for the families in language_families.cpp.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/progress.h"
#include "tensor/blocks.h"
#include "tensor/tensor.h"
#include "text/tokenizer.h"
#include "weights/gguf.h"

namespace ptah {

struct LanguageConfig {
  std::string family;  ///< llama, qwen2, qwen3, gemma3, gpt2
  int64_t vocabulary = 0, width = 0, layers = 0, heads = 0, kv_heads = 0, head_dim = 0, feed_forward = 0, context = 0;
  float norm_eps = 1e-5F;
  bool layer_norm = false;         ///< LayerNorm with bias instead of RMSNorm
  bool learned_positions = false;  ///< a table of positions instead of rotation
  bool gated = true;               ///< down(act(gate) · up), else down(act(up))
  bool gelu = false;               ///< GELU (tanh form), else SiLU
  int64_t rotated = 0;             ///< how many numbers of a head are rotated
  bool rotate_halves = true;
  float rope_base = 10000, rope_local_base = 10000, rope_scale = 1;  ///< scale divides positions of the layers that see everything
  std::vector<float> rope_factors;                                   ///< divide the frequencies; empty: 1
  int64_t window = 0, window_pattern = 0;                            ///< every window_pattern-th layer sees everything, the others the last `window` tokens
  float embedding_scale = 1, attention_scale = 0;
  /// Whether a layer sees only its window.
  bool windowed(int64_t layer) const { return window > 0 && window_pattern > 0 && (layer + 1) % window_pattern != 0; }
};

/// Weights by GGUF's names, whatever file they came from.
struct LanguageWeights {
  LanguageConfig config;
  std::map<std::string, BlockMatrix> matrices;
  int64_t file_bytes = 0;
};
/// The families known; each reads its config from GGUF metadata or Hugging Face's config.json. Errors: unsupported, naming the family; corrupt.
Result<LanguageWeights> language_weights(const GgufFile& file);
/// A folder with config.json and model.safetensors (or its sharded index).
Result<LanguageWeights> language_weights(const std::filesystem::path& folder);

/// Keys and values of one sequence: what the model remembers of its tokens.
class KeyValueCache {
 public:
  /// `type` is f32 or bf16. Errors (thrown as Failure): over_budget when memory is short.
  KeyValueCache(const LanguageConfig& config, int64_t capacity, DType type);
  /// What a cache of `capacity` tokens takes.
  static int64_t bytes_for(const LanguageConfig& config, int64_t capacity, DType type) {
    return 2 * config.layers * config.kv_heads * capacity * config.head_dim * static_cast<int64_t>(size_of(type));
  }
  int64_t length() const { return length_; }
  int64_t capacity() const { return capacity_; }
  int64_t bytes() const;
  /// Forgets all tokens from `length` on.
  void truncate(int64_t length);

 private:
  friend class LanguageModel;
  int64_t capacity_, length_ = 0, layer_elements_;
  DType type_;
  Tensor keys_, values_;  ///< [layers, kv_heads, capacity, head_dim]
};

class LanguageModel {
 public:
  /// Binds the weights. Throws Failure naming a matrix that is missing (with the nearest name) or of the wrong shape.
  explicit LanguageModel(LanguageWeights weights);
  ~LanguageModel();

  /// Takes tokens into the cache; returns the logits [vocabulary] after the last, or [tokens, vocabulary] if `all_logits`. Long prompts go in chunks that
  /// begin at multiples of kChunk, so that a prompt gives the same bytes whether or not a multiple of kChunk of its beginning was cached before.
  /// Throws Failure: invalid_argument (no tokens, ids out of range, cache too small), cancelled.
  std::vector<float> read(const std::vector<int32_t>& tokens, KeyValueCache& cache, bool all_logits = false, const CancelToken* cancel = nullptr) const;

  /// One more token for each of several sequences: logits [sequences, vocabulary]. Each row is what it would be alone, byte for byte.
  std::vector<float> step(const std::vector<int32_t>& tokens, const std::vector<KeyValueCache*>& caches) const;

  const LanguageConfig& config() const;
  int64_t weight_bytes() const;
  static constexpr int64_t kChunk = 256;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// A model file or folder with its tokenizer: SmolLM2-135M-Instruct.Q4_1.gguf, or a folder in Hugging Face's layout.
struct LoadedLanguageModel {
  std::shared_ptr<LanguageModel> model;
  std::shared_ptr<Tokenizer> tokenizer;
  std::string chat_template, name;
  std::vector<int32_t> stop_tokens;
};
Result<LoadedLanguageModel> load_language_model(const std::filesystem::path& path);

}  // namespace ptah
