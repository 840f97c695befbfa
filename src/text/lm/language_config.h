// What the configuration of a language model says: config.json in Hugging Face's layout, or the metadata of a GGUF file.
#pragma once

#include "nn/key_value_cache.h"
#include "weights/config_keys.h"
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
  std::vector<bool> windowed_layers;                                 ///< which layers see the window only, where no pattern says it
  float embedding_scale = 1, attention_scale = 0;
  bool scale_by_layer = false;       ///< layer l's scores are divided by l + 1 too
  std::vector<int32_t> stop_tokens;  ///< that end a text, as the configuration says
  /// Whether a layer sees only its window.
  bool windowed(int64_t layer) const {
    if (!windowed_layers.empty()) return window > 0 && windowed_layers[static_cast<size_t>(layer)];
    return window > 0 && window_pattern > 0 && (layer + 1) % window_pattern != 0;
  }
  /// What a cache has to know.
  operator CacheLayout() const {  // NOLINT(google-explicit-constructor): a cache is made for a model
    CacheLayout layout{kv_heads, head_dim, window, {}};
    for (int64_t l = 0; l < layers; ++l) layout.windowed.push_back(windowed(l));
    return layout;
  }
  /// What a layer's products of queries and keys are multiplied with.
  float scale_of(int64_t layer) const { return scale_by_layer ? attention_scale / static_cast<float>(layer + 1) : attention_scale; }
};

/// Every key is used, harmless or refused (weights/config_keys.h); keys that nobody knows are added to `warnings`. Errors: unsupported, naming the family or
/// the key with the values that are computed; corrupt for missing and absurd values.
Result<LanguageConfig> language_config(const Config& config, std::vector<std::string>& warnings);
Result<LanguageConfig> language_config(const GgufFile& file, std::vector<std::string>& warnings);
/// Holds what config.json says of the weights against them: `has` tells whether there is a matrix of a name (GGUF's). Throws Failure: mismatch.
void check_language_weights(const Config& config, const LanguageConfig& read, const std::function<bool(const std::string&)>& has);

/// The table of a family by its model_type, for tests; empty if it is not known.
std::vector<ConfigTable> language_tables(const std::string& model_type);

}  // namespace ptah
