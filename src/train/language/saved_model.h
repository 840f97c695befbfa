// A language model that was trained, as files that Ptah and others read.
#pragma once

#include "text/lm/language_model.h"

namespace ptah {

/// Where a training began: the model, and the file or folder that it lies in.
struct LanguageStart {
  std::filesystem::path file;  ///< as language_model_file gives it; empty: the model is new
  LoadedLanguageModel model;   ///< of a new one the tokenizer alone
  Json config, tokenizer;      ///< of a new one its config.json and tokenizer.json
  LanguageConfig shape;
};

/// Writes weights (by GGUF's names, matrices [out, in]) as a model: what began with a GGUF file becomes folder/model.gguf, all else a folder in Hugging Face's
/// layout (config.json, tokenizer.json, model.safetensors). Matrices in `type` (f32, bf16, f16), vectors of GGUF files in f32. Errors: io.
Result<void> save_language_model(const std::filesystem::path& folder, const LanguageStart& start, const std::map<std::string, Tensor>& weights, DType type);

}  // namespace ptah
