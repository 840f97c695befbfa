// config.json of the text encoders in diffusers' folders, and what their tokenizers pad with. Every key stands in one of these tables (weights/config_keys.h).
#pragma once

#include <map>

#include "text/encode/clip.h"
#include "text/encode/t5.h"
#include "weights/config_keys.h"

namespace ptah {

ConfigTable clip_keys();
ConfigTable t5_keys();
ConfigTable clip_tokenizer_keys();

/// Of CLIP's text model. Errors: corrupt (a value of another type), unsupported (naming the key, the value found and those supported), mismatch (a key and the
/// weights do not agree). Unknown keys are added to `warnings`.
Result<ClipTextConfig> clip_config(const Config& config, const std::map<std::string, Tensor>& tensors, std::vector<std::string>& warnings);

/// Of T5's encoder.
Result<T5Config> t5_config(const Config& config, const std::map<std::string, Tensor>& tensors, std::vector<std::string>& warnings);

/// The token that CLIP's tokenizer pads with, from its tokenizer_config.json and special_tokens_map.json (which decides; empty if it is missing); empty if
/// neither says.
Result<std::string> clip_padding(const Config& config, const Config& special_tokens, std::vector<std::string>& warnings);

}  // namespace ptah
