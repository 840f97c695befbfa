// A language model in Hugging Face's layout as one GGUF file.
#pragma once

#include <filesystem>

#include "base/error.h"
#include "weights/gguf.h"

namespace ptah {

/// Writes the folder's model (config.json, tokenizer.json, safetensors) as a GGUF file with its matrices in `type` (see requantize_gguf), vectors in f32, its
/// tokenizer and its chat template; llama.cpp reads it too. Errors: as language_weights and Tokenizer::from_json; unsupported for what GGUF has no key for (a
/// sliding window in the llama family; other bases or scales of attention than the family's), naming it.
Result<Requantized> export_gguf(const std::filesystem::path& folder, const std::filesystem::path& to, BlockType type);

}  // namespace ptah
