// What a language model remembers of the tokens it has read: keys and values, in pages that several sequences can share.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "tensor/decoder_ops.h"

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
  /// What a layer's products of queries and keys are multiplied with.
  float scale_of(int64_t layer) const { return scale_by_layer ? attention_scale / static_cast<float>(layer + 1) : attention_scale; }
};

/// What keys and values are kept in unless something else is asked for: the type that the machine computes in.
CacheType default_cache_type();
/// By its name (f32, bf16, q8); empty: the default. Errors: invalid_argument.
Result<CacheType> cache_type_of(const std::string& name);

/// Keys and values of one sequence. Memory comes in pages of kPage tokens and one layer each, as the sequence grows; pages that another sequence holds too are
/// copied before they are written to (Kwon et al. 2023, "PagedAttention").
class KeyValueCache {
 public:
  static constexpr int64_t kPage = kPagePositions;  ///< shorter ones cost a third of the speed of long texts: memory jumps too often
  static constexpr int64_t kChunk = 256;            ///< LanguageModel::read goes in chunks that begin at multiples of this
  using Page = std::shared_ptr<std::byte>;
  using LayerPages = std::vector<std::vector<Page>>;  ///< [layers][pages]

  /// `slide`: layers that see a window only give back pages that lie more than kRollback tokens before it.
  /// Errors (thrown as Failure): invalid_argument for q8 with heads that are no multiples of 32.
  KeyValueCache(const LanguageConfig& config, int64_t capacity, CacheType type, bool slide = false);
  /// The most that a cache of `capacity` tokens takes, whatever is read into it.
  static int64_t bytes_for(const LanguageConfig& config, int64_t capacity, CacheType type, bool slide = false);

  int64_t length() const { return length_; }
  int64_t capacity() const { return capacity_; }
  CacheType type() const { return type_; }
  /// Of the pages held, shared ones too.
  int64_t bytes() const;
  int64_t page_bytes() const { return page_bytes_; }
  /// Whether truncate(length) is possible: what slid out of a window does not come back.
  bool can_truncate(int64_t length) const;
  /// Forgets all tokens from `length` on. Throws Failure: invalid_argument.
  void truncate(int64_t length);

  /// The pages of the tokens [begin, end), multiples of kPage within length(); empty if some slid away. Nothing is copied.
  LayerPages share(int64_t begin, int64_t end) const;
  /// Takes pages that share() of a cache of the same model and type gave; length() must be a multiple of kPage. Throws Failure: invalid_argument.
  void append(const LayerPages& pages);

  /// What follows is for the model that fills the cache.
  /// Makes the pages of the next `count` tokens writable. Throws Failure: over_budget when memory is short; the cache is as before then.
  void prepare(int64_t count);
  void advance(int64_t count) { length_ += count; }
  /// Of one layer; `pages` is valid until the cache changes.
  CachedKeys layer(int64_t index) const;
  /// key, value: f32 [kv_heads, head_dim].
  void store(int64_t layer, int64_t position, const float* key, const float* value);

  static constexpr int64_t kRollback = 64;

 private:
  struct Layout {
    int64_t kv_heads, head_dim, window;
    std::vector<bool> windowed;
  } layout_;
  int64_t capacity_, length_ = 0, page_bytes_;
  CacheType type_;
  bool slide_;
  LayerPages pages_;
  std::vector<std::vector<const std::byte*>> addresses_;  ///< of pages_
  void renew_addresses(size_t layer);
};

/// Tokens and what a model remembers of them.
struct CachedText {
  std::vector<int32_t> tokens;
  std::unique_ptr<KeyValueCache> cache;
};
/// Writes the beginning of `tokens`, as many whole pages as `cache` holds of them, atomically as safetensors. `model` is LanguageModel::fingerprint().
/// Errors: invalid_argument if a part slid away.
Result<void> save_cache(const std::filesystem::path& path, const std::vector<int32_t>& tokens, const KeyValueCache& cache, const std::string& model);
/// Reads it back into a cache of `capacity` tokens. Errors: mismatch (another model, kind of cache or numeric path), corrupt (not what save_cache writes,
/// numbers that are none), invalid_argument (a capacity that is too small).
Result<CachedText> load_cache(const std::filesystem::path& path, const LanguageConfig& config, int64_t capacity, CacheType type, const std::string& model);

}  // namespace ptah
