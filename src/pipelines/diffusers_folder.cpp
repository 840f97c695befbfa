#include "pipelines/diffusers_folder.h"

#include <algorithm>

#include "base/parallel.h"
#include "weights/torch_file.h"
#include "weights/weights_folder.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

constexpr ConfigUse kHarmless = ConfigUse::harmless, kOnly = ConfigUse::only;

constexpr ConfigKey kIndex[] = {
    {"_class_name", kOnly,
     R"(["StableDiffusionPipeline", "StableDiffusionImg2ImgPipeline", "StableDiffusionInpaintPipeline", "StableDiffusionControlNetPipeline",
         "StableDiffusionXLPipeline", "StableDiffusionXLImg2ImgPipeline", "StableDiffusionXLInpaintPipeline", "StableDiffusionXLControlNetPipeline",
         "LatentConsistencyModelPipeline", "StableDiffusion3Pipeline", "StableDiffusion3Img2ImgPipeline", "StableDiffusion3InpaintPipeline"])"},
    {"_diffusers_version", kHarmless},
    {"_name_or_path", kHarmless},
    {"add_watermarker", kHarmless},
    {"controlnet", kHarmless},
    {"feature_extractor", kHarmless},
    {"force_zeros_for_empty_prompt"},
    {"image_encoder", kHarmless},
    {"is_cosxl_edit", kOnly, "[false]"},
    {"requires_aesthetics_score", kOnly, "[false]"},
    {"requires_safety_checker", kHarmless},
    {"safety_checker", kHarmless},
    {"scheduler", kHarmless},  // which parts there are is read off the folders
    {"text_encoder", kHarmless},
    {"text_encoder_2", kHarmless},
    {"text_encoder_3", kHarmless},
    {"tokenizer", kHarmless},
    {"tokenizer_2", kHarmless},
    {"tokenizer_3", kHarmless},
    {"transformer", kHarmless},
    {"unet", kHarmless},
    {"vae", kHarmless}};

bool is_there(const fs::path& place) {
  std::error_code ignored;
  return fs::exists(place, ignored);
}

/// A configuration of the folder; none if it is not there.
Result<std::optional<Config>> config_at(const fs::path& folder, const std::string& name) {
  if (!is_there(folder / name)) return std::optional<Config>();
  PTAH_TRY(Config config, Config::read(folder / name, name));
  return std::optional<Config>(std::move(config));
}

Result<ModelPart> part_at(const fs::path& folder, const std::string& name, std::initializer_list<const char*> stems, ModelSettings& settings) {
  ModelPart out;
  PTAH_TRY(out.tensors, read_weights_folder(folder / name, stems));
  PTAH_TRY(out.config, config_at(folder, name + "/config.json"));
  if (!out.config) settings.notes.push_back(fmt::format("{}/config.json is missing; taken as in the published models", name));
  return out;
}

/// What is said of how texts are padded.
Result<std::string> padding_at(const fs::path& folder, const std::string& tokenizer, ModelSettings& settings) {
  PTAH_TRY(const auto config, config_at(folder, tokenizer + "/tokenizer_config.json"));
  PTAH_TRY(const auto special, config_at(folder, tokenizer + "/special_tokens_map.json"));
  return clip_padding(config.value_or(Config{Json::object(), tokenizer + "/tokenizer_config.json"}),
                      special.value_or(Config{Json::object(), tokenizer + "/special_tokens_map.json"}), settings.notes);
}

Result<NamedTensors> text_at_folder(const fs::path& folder, int number, ModelSettings& settings) {
  const std::string ending = number == 1 ? "" : fmt::format("_{}", number);
  PTAH_TRY(ModelPart part, part_at(folder, "text_encoder" + ending, {"model", "pytorch_model"}, settings));
  TextSettings text;
  if (part.config) {
    PTAH_TRY(text.config, clip_config(*part.config, part.tensors, settings.notes));
  }
  PTAH_TRY(text.padding, padding_at(folder, "tokenizer" + ending, settings));
  settings.texts.push_back(std::move(text));
  return std::move(part.tensors);
}

}  // namespace

ConfigTable model_index_keys() { return kIndex; }

fs::path config_beside(const fs::path& place) {
  std::error_code ignored;
  const bool folder = fs::is_directory(place, ignored);
  const std::string name = place.filename().string();
  const fs::path config = (folder ? place : place.parent_path()) / "config.json";
  for (const char* stem : {"diffusion_pytorch_model", "model", "pytorch_model"})
    if (folder || name.starts_with(std::string(stem) + ".") || name.starts_with(std::string(stem) + "-")) return is_there(config) ? config : fs::path();
  return {};
}

Result<ModelPart> read_part(const fs::path& place) {
  ModelPart out;
  if (std::error_code ignored; fs::is_directory(place, ignored)) {
    PTAH_TRY(out.tensors, read_weights_folder(place, {"diffusion_pytorch_model", "model", "pytorch_model"}));
  } else {
    PTAH_TRY(TensorFile content, read_tensor_file(place));
    out.tensors = std::move(content.tensors);
  }
  if (const fs::path config = config_beside(place); !config.empty()) {
    PTAH_TRY(out.config, Config::read(config, config.string()));
  }
  return out;
}

Result<DiffusersFolder> read_diffusers_folder(const fs::path& folder) {
  return guard([&]() -> Result<DiffusersFolder> {
    DiffusersFolder out;
    ModelSettings& settings = out.settings;
    settings.folder = true;
    const bool two = is_there(folder / "text_encoder_2");
    out.third = is_there(folder / "transformer");
    PTAH_TRY(const auto index, config_at(folder, "model_index.json"));
    if (index) {
      PTAH_TRY_VOID(check_config(index->json, {kIndex}, index->file, settings.notes));
      settings.empty_is_zero = index->boolean("force_zeros_for_empty_prompt", true);
    }
    constexpr const char* kDiffusion = "diffusion_pytorch_model";
    PTAH_TRY(ModelPart denoiser, part_at(folder, out.third ? "transformer" : "unet", {kDiffusion}, settings));
    if (denoiser.config && out.third) {
      PTAH_TRY(settings.transformer, joint_transformer_config(*denoiser.config, denoiser.tensors, settings.extent, settings.notes));
    } else if (denoiser.config) {
      PTAH_TRY(settings.unet, unet_config(*denoiser.config, denoiser.tensors, settings.extent, settings.notes));
    }
    out.unet = out.third ? original_joint_names(denoiser.tensors) : original_unet_names(denoiser.tensors);
    PTAH_TRY(ModelPart autoencoder, part_at(folder, "vae", {kDiffusion}, settings));
    if (autoencoder.config) {
      LatentRange scale;
      PTAH_TRY(settings.autoencoder, autoencoder_config(*autoencoder.config, autoencoder.tensors, scale, settings.notes));
      settings.latents = scale;
    }
    out.autoencoder = original_autoencoder_names(autoencoder.tensors);
    for (int number = 1; number <= (two ? 2 : 1); ++number) {
      PTAH_TRY(NamedTensors text, text_at_folder(folder, number, settings));
      out.texts.push_back(std::move(text));
    }
    PTAH_TRY(const auto scheduler, config_at(folder, "scheduler/scheduler_config.json"));
    if (scheduler) {
      PTAH_TRY(settings.scheduler, scheduler_settings(*scheduler, out.third, !two && !out.third, settings.notes));
    }
    return out;
  });
}

std::vector<std::string> configs_of(const fs::path& folder) {
  std::vector<std::string> out;
  for (const char* name : {"model_index.json", "scheduler/scheduler_config.json", "text_encoder/config.json", "text_encoder_2/config.json",
                           "tokenizer/special_tokens_map.json", "tokenizer/tokenizer_config.json", "tokenizer_2/special_tokens_map.json",
                           "tokenizer_2/tokenizer_config.json", "transformer/config.json", "unet/config.json", "vae/config.json"})
    if (is_there(folder / name)) out.push_back(name);
  return out;
}

}  // namespace ptah
