// Low-rank adapters of language models (nn/lora.h) in PEFT's layout: a folder with adapter_config.json and adapter_model.safetensors.
#pragma once

#include <filesystem>

#include "nn/lora.h"
#include "text/lm/language_model.h"

namespace ptah {

/// An adapter's matrices by the names of Decoder's layers ("blk.0.attn_q.lora_a"), f32, rows in the order of the model that it is for.
struct LanguageAdapter {
  LoraConfig lora;
  std::map<std::string, Tensor> tensors;
  std::string base;  ///< the name or path of the model it was trained on
};

/// Errors: not_found; corrupt; unsupported for what is no plain LoRA (DoRA, biases, ranks that differ), naming the key; mismatch for layers that the model
/// lacks.
Result<LanguageAdapter> read_adapter(const std::filesystem::path& folder, const LanguageConfig& model);
/// Writes both files. Errors: io.
Result<void> write_adapter(const std::filesystem::path& folder, const LanguageAdapter& adapter, const LanguageConfig& model);

/// The files of an adapter's folder.
std::vector<std::filesystem::path> adapter_files(const std::filesystem::path& folder);

/// Puts an adapter on a model. Errors: as read_adapter; mismatch for matrices of other shapes.
Result<void> apply_adapter(LoadedLanguageModel& model, const std::filesystem::path& folder);

}  // namespace ptah
