// What the configuration of a language model says: config.json in Hugging Face's layout, or the metadata of a GGUF file.
#pragma once

#include "text/key_value_cache.h"
#include "weights/config_keys.h"
#include "weights/gguf.h"

namespace ptah {

/// Every key is used, harmless or refused (weights/config_keys.h); keys that nobody knows are added to `warnings`. Errors: unsupported, naming the family or
/// the key with the values that are computed; corrupt for missing and absurd values.
Result<LanguageConfig> language_config(const Config& config, std::vector<std::string>& warnings);
Result<LanguageConfig> language_config(const GgufFile& file, std::vector<std::string>& warnings);
/// Holds what config.json says of the weights against them: `has` tells whether there is a matrix of a name (GGUF's). Throws Failure: mismatch.
void check_language_weights(const Config& config, const LanguageConfig& read, const std::function<bool(const std::string&)>& has);

/// The table of a family by its model_type, for tests; empty if it is not known.
std::vector<ConfigTable> language_tables(const std::string& model_type);

}  // namespace ptah
