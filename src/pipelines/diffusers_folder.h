// A model in diffusers' layout: a folder a part, each with its weights and its configuration. What the configurations say is read once here.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "image/diffusers_config.h"
#include "nn/diffusion/scheduler_config.h"
#include "text/encode/diffusers_texts.h"

namespace ptah {

ConfigTable model_index_keys();

/// Of one text encoder.
struct TextSettings {
  std::optional<ClipTextConfig> config;
  std::string padding;  ///< the token that follows a text; empty: not said
};

/// What configurations say of a model; what none says is as in the published models of its family.
struct ModelSettings {
  bool folder = false;  ///< in diffusers' layout, where the text encoder of Stable Diffusion 2 lies without its last layer
  std::optional<UnetConfig> unet, refiner;
  std::vector<std::optional<UnetConfig>> controls;
  std::optional<JointTransformerConfig> transformer;
  std::optional<KlAutoencoderConfig> autoencoder;
  std::optional<LatentRange> latents;
  std::vector<TextSettings> texts;
  std::optional<T5Config> t5;
  std::optional<SchedulerSettings> scheduler;
  DenoiserExtent extent;
  bool empty_is_zero = true;       ///< XL: diffusers takes zeros for an empty negative prompt
  std::vector<std::string> notes;  ///< keys that nobody knows, configurations that are missing
};

/// Tensors of one part by its own names, and its configuration if there is one.
struct ModelPart {
  NamedTensors tensors;
  std::optional<Config> config;
};
/// A file, or a folder with weights (weights_folder.h) and config.json. Beside a file, config.json counts if the file is called as diffusers and transformers
/// call theirs (diffusion_pytorch_model.safetensors, model-00001-of-00002.safetensors).
Result<ModelPart> read_part(const std::filesystem::path& place);
/// The configuration that counts for it; empty without one.
std::filesystem::path config_beside(const std::filesystem::path& place);

struct DiffusersFolder {
  NamedTensors unet;         ///< or transformer, in the original naming without prefix
  NamedTensors autoencoder;  ///< likewise
  std::vector<NamedTensors> texts;
  bool third = false;  ///< Stable Diffusion 3
  ModelSettings settings;
};
/// Errors: not_found (a part, naming it), corrupt, unsupported and mismatch, naming file, key and values.
Result<DiffusersFolder> read_diffusers_folder(const std::filesystem::path& folder);

/// The configurations that read_diffusers_folder() reads, by their names in the folder.
std::vector<std::string> configs_of(const std::filesystem::path& folder);

}  // namespace ptah
