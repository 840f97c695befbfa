// Texts that a language model has read, kept in files.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "text/lm/language_config.h"

namespace ptah {

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
