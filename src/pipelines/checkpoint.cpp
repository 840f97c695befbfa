#include "pipelines/checkpoint.h"

#include <algorithm>

#include "base/text.h"
#include "image/tiny_autoencoder.h"
#include "weights/torch_file.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

constexpr const char *kUnet = "model.diffusion_model.", *kText1 = "cond_stage_model.transformer.", *kText2 = "cond_stage_model.model.",
                     *kTextL = "conditioner.embedders.0.transformer.", *kTextG = "conditioner.embedders.1.model.",
                     *kText3L = "text_encoders.clip_l.transformer.", *kText3G = "text_encoders.clip_g.transformer.";

void take(NamedTensors& into, const NamedTensors& part, const std::string& prefix) {
  for (const auto& [name, tensor] : part) into.insert_or_assign(prefix + name, tensor);
}

Result<NamedTensors> tensors_of(const fs::path& file) {
  PTAH_TRY(TensorFile content, read_tensor_file(file));
  return std::move(content.tensors);
}

/// T5's encoder from a file of its own, from a checkpoint that holds it, or from a folder with its parts.
Result<ModelPart> read_t5(const fs::path& place) {
  constexpr const char* kInside = "text_encoders.t5xxl.transformer.";
  ModelPart out;
  std::error_code ignored;
  if (auto part = read_part(place); part || part.error().code != ErrorCode::not_found || !fs::is_directory(place, ignored)) {
    if (!part) return tl::unexpected<Error>(part.error());
    out = std::move(*part);
  } else {  // a folder with parts of other names
    for (const auto& item : fs::directory_iterator(place, ignored)) {
      if (lower_case(item.path().extension().string()) != ".safetensors") continue;
      PTAH_TRY(const NamedTensors tensors, tensors_of(item.path()));
      take(out.tensors, tensors, "");
    }
  }
  if (any_begins(out.tensors, kInside)) out.tensors = below(out.tensors, kInside);
  if (!any_begins(out.tensors, "encoder.block.0.")) return fail(ErrorCode::unsupported, "{}: no encoder of T5 there", place.string());
  std::erase_if(out.tensors, [](const auto& item) { return !item.first.starts_with("encoder.") && item.first != "shared.weight"; });
  return out;
}

/// A folder of diffusers as one map in the original naming; text encoders keep Hugging Face's names.
Result<Checkpoint> read_folder(const fs::path& folder) {
  PTAH_TRY(DiffusersFolder read, read_diffusers_folder(folder));
  Checkpoint out;
  take(out.tensors, read.unet, kUnet);
  take(out.tensors, read.autoencoder, kAutoencoderPlace);
  const bool two = read.texts.size() > 1;
  take(out.tensors, read.texts[0], read.third ? kText3L : two ? kTextL : kText1);
  if (two) take(out.tensors, read.texts[1], read.third ? kText3G : kTextG);
  out.settings = std::move(read.settings);
  return out;
}

Result<DiffusionFamily> family_of(const NamedTensors& tensors, const ModelSettings& settings) {
  if (any_begins(tensors, std::string(kUnet) + "joint_blocks.")) {
    if (any_begins(tensors, kText3L) && any_begins(tensors, kText3G)) return DiffusionFamily::sd3;
    return fail(ErrorCode::unsupported,
                "Stable Diffusion 3 without its text encoders; take a file with clip_l and clip_g in it, or a folder in diffusers' layout");
  }
  if (any_begins(tensors, kUnet) && any_begins(tensors, kTextL) && any_begins(tensors, kTextG)) return DiffusionFamily::sdxl;
  if (any_begins(tensors, kUnet) && any_begins(tensors, kText2)) return DiffusionFamily::sd2;
  if (any_begins(tensors, kUnet) && any_begins(tensors, kText1)) {
    // In diffusers' layout both 1 and 2 have their text encoder here. Its configuration tells them apart (OpenCLIP's has the exact GELU), else what the U-Net
    // looks at.
    if (!settings.texts.empty() && settings.texts[0].config) return settings.texts[0].config->quick_gelu ? DiffusionFamily::sd1 : DiffusionFamily::sd2;
    const auto key = tensors.find(std::string(kUnet) + "input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight");
    return key != tensors.end() && key->second.rank() == 2 && key->second.dim(1) == 1024 ? DiffusionFamily::sd2 : DiffusionFamily::sd1;
  }
  const std::pair<const char*, const char*> others[] = {{"joint_blocks.", "the transformer of Stable Diffusion 3 alone (`unet`)"},
                                                        {"double_blocks.", "Flux"},
                                                        {"model.diffusion_model.double_blocks.", "Flux"},
                                                        {"conditioner.embedders.0.model.", "the SDXL refiner (`refiner`)"},
                                                        {"lora_", "a LoRA, not a whole model (`loras`)"},
                                                        {"control_model.", "a network that controls, not a whole model (`controls`)"},
                                                        {"input_blocks.", "a U-Net alone (`unet`)"},
                                                        {kUnet, "a U-Net without its text encoder"},
                                                        {"decoder.", "an autoencoder alone (`autoencoder`)"}};
  for (const auto& [prefix, name] : others)
    if (any_begins(tensors, prefix)) return fail(ErrorCode::unsupported, "this looks like {}; known: Stable Diffusion 1, 2, XL and 3", name);
  return fail(ErrorCode::unsupported, "no checkpoint of the Stable Diffusion family: its first tensor is '{}'", tensors.empty() ? "" : tensors.begin()->first);
}

/// A U-Net (or a network that controls one, or a transformer) of a file of its own, in the original naming without prefix.
NamedTensors bare_unet(const NamedTensors& tensors, const char* prefix) {
  if (any_begins(tensors, prefix)) return below(tensors, prefix);
  if (any_begins(tensors, "transformer_blocks.")) return original_joint_names(tensors);
  return any_begins(tensors, "down_blocks.") ? original_unet_names(tensors) : tensors;
}

}  // namespace

std::string_view name_of(DiffusionFamily family) {
  switch (family) {
    case DiffusionFamily::sd1:
      return "Stable Diffusion 1";
    case DiffusionFamily::sd2:
      return "Stable Diffusion 2";
    case DiffusionFamily::sdxl:
      return "Stable Diffusion XL";
    case DiffusionFamily::sd3:
      return "Stable Diffusion 3";
  }
  return "";
}

Result<WeightPacking> packing_by_name(std::string_view name) {
  for (const WeightPacking packing : {WeightPacking::plain, WeightPacking::int8, WeightPacking::int8_products})
    if (name == name_of(packing)) return packing;
  return unknown_name("quantisation", name, "w8a16 w8a8");
}

Result<fs::path> t5_words(const DiffusionFiles& files) {
  std::error_code problem;
  if (!files.t5_words.empty()) {
    if (fs::exists(files.t5_words, problem)) return files.t5_words;
    return fail(ErrorCode::not_found, "{} is not here", files.t5_words.string());
  }
  const fs::path whole = files.t5.has_filename() ? files.t5 : files.t5.parent_path(), folder = fs::is_directory(whole, problem) ? whole : whole.parent_path();
  for (const fs::path& file : {folder / "tokenizer.json", folder.parent_path() / "tokenizer_3" / "tokenizer.json"})
    if (fs::exists(file, problem)) return file;
  return fail(ErrorCode::not_found, "{}: no tokenizer.json of T5 beside it, nor in ../tokenizer_3; say where it is (`t5_words`)", files.t5.string());
}

Result<std::vector<std::pair<std::string, fs::path>>> listed(const DiffusionFiles& files) {
  std::vector<std::pair<std::string, fs::path>> out;
  std::error_code problem;
  const auto add_folder = [&](const std::string& role, const fs::path& folder) {
    std::vector<std::pair<std::string, fs::path>> found;
    for (const auto& item : fs::recursive_directory_iterator(folder, problem))
      if (item.is_regular_file(problem) && (item.path().extension() == ".safetensors" || item.path().extension() == ".bin"))
        found.emplace_back(role + fs::relative(item.path(), folder, problem).generic_string(), item.path());
    std::sort(found.begin(), found.end());
    out.insert(out.end(), found.begin(), found.end());
  };
  if (fs::is_directory(files.model, problem)) {
    add_folder("", files.model);
    if (!out.empty())
      for (const std::string& name : configs_of(files.model)) out.emplace_back(name, files.model / name);
  } else {
    out.emplace_back(files.model.filename().string(), files.model);
  }
  if (out.empty()) return fail(ErrorCode::not_found, "{}: no checkpoint there", files.model.string());
  const auto add = [&](const std::string& role, const fs::path& place) {
    if (place.empty()) return;
    if (fs::is_directory(place, problem))
      add_folder(role + " ", place);
    else
      out.emplace_back(role + " " + place.filename().string(), place);
    if (const fs::path config = config_beside(place); !config.empty()) out.emplace_back(role + " config.json", config);
  };
  add("unet", files.unet);
  add("autoencoder", files.autoencoder);
  add("refiner", files.refiner);
  if (!files.t5.empty()) {
    add("t5", files.t5);
    PTAH_TRY(const fs::path words, t5_words(files));
    add("t5_words", words);
  }
  for (const StrongFile& item : files.loras) add("lora", item.file);
  for (const fs::path& file : files.embeddings) add("embedding", file);
  for (const StrongFile& item : files.controls) add("control", item.file);
  return out;
}

namespace {

/// Puts another U-Net or transformer in place of the checkpoint's own.
Result<void> replace_unet(Checkpoint& out, const fs::path& place) {
  PTAH_TRY(const ModelPart part, read_part(place));
  const bool joint = any_begins(part.tensors, "transformer_blocks.");
  if (part.config && joint) {
    PTAH_TRY(out.settings.transformer, joint_transformer_config(*part.config, part.tensors, out.settings.extent, out.settings.notes));
  } else if (part.config && any_begins(part.tensors, "down_blocks.")) {
    PTAH_TRY(out.settings.unet, unet_config(*part.config, part.tensors, out.settings.extent, out.settings.notes));
  }
  const NamedTensors unet = bare_unet(part.tensors, kUnet);
  if (!any_begins(unet, "input_blocks.") && !any_begins(unet, "joint_blocks.")) return fail(ErrorCode::unsupported, "{}: no U-Net there", place.string());
  std::erase_if(out.tensors, [](const auto& item) { return item.first.starts_with(kUnet); });
  take(out.tensors, unet, kUnet);
  return {};
}

Result<void> replace_autoencoder(Checkpoint& out, const fs::path& place) {
  PTAH_TRY(ModelPart part, read_part(place));
  if (TinyAutoencoder::recognises(part.tensors)) {
    out.small_autoencoder = std::move(part.tensors);
    return {};
  }
  const bool theirs = any_begins(part.tensors, "decoder.up_blocks.");
  if (part.config && theirs) {
    LatentRange scale;
    PTAH_TRY(out.settings.autoencoder, autoencoder_config(*part.config, part.tensors, scale, out.settings.notes));
    out.settings.latents = scale;
  }
  const NamedTensors bare = any_begins(part.tensors, kAutoencoderPlace) ? below(part.tensors, kAutoencoderPlace)
                            : theirs                                    ? original_autoencoder_names(part.tensors)
                                                                        : part.tensors;
  if (!any_begins(bare, "decoder.")) return fail(ErrorCode::unsupported, "{}: no autoencoder there", place.string());
  std::erase_if(out.tensors, [](const auto& item) { return item.first.starts_with(kAutoencoderPlace); });
  take(out.tensors, bare, kAutoencoderPlace);
  return {};
}

Result<void> add_refiner(Checkpoint& out, const fs::path& place) {
  if (out.family != DiffusionFamily::sdxl) return fail(ErrorCode::unsupported, "{} has no refiner", name_of(out.family));
  PTAH_TRY(const ModelPart part, read_part(place));
  if (part.config && any_begins(part.tensors, "down_blocks.")) {
    DenoiserExtent of_refiner;
    PTAH_TRY(out.settings.refiner, unet_config(*part.config, part.tensors, of_refiner, out.settings.notes));
  }
  out.refiner = bare_unet(part.tensors, kUnet);
  if (!any_begins(out.refiner, "input_blocks.")) return fail(ErrorCode::unsupported, "{}: no U-Net there", place.string());
  for (const auto& [name, tensor] : out.refiner) out.bytes += static_cast<int64_t>(tensor.bytes());
  return {};
}

Result<void> add_t5(Checkpoint& out, const fs::path& place) {
  if (out.family != DiffusionFamily::sd3) return fail(ErrorCode::unsupported, "{} is not conditioned by T5", name_of(out.family));
  PTAH_TRY(ModelPart part, read_t5(place));
  if (part.config) {
    PTAH_TRY(out.settings.t5, t5_config(*part.config, part.tensors, out.settings.notes));
  }
  out.t5 = std::move(part.tensors);
  for (const auto& [name, tensor] : out.t5) out.bytes += static_cast<int64_t>(tensor.bytes());
  return {};
}

Result<void> add_control(Checkpoint& out, const StrongFile& item) {
  PTAH_TRY(const ModelPart part, read_part(item.file));
  out.settings.controls.emplace_back();
  if (part.config && any_begins(part.tensors, "down_blocks.")) {
    PTAH_TRY(out.settings.controls.back(), control_config(*part.config, part.tensors, out.settings.notes));
  }
  NamedTensors bare = bare_unet(part.tensors, "control_model.");
  if (!any_begins(bare, "input_hint_block.")) return fail(ErrorCode::unsupported, "{}: no network that controls (ControlNet)", item.file.string());
  out.controls.emplace_back(std::move(bare), item.strength);
  return {};
}

/// Single files say by tensors of these names that they predict velocity, and that their last noise level has no signal.
void take_markers(Checkpoint& out) {
  SchedulerSettings marked;
  if (out.tensors.contains("v_pred")) marked.prediction = "velocity";
  if (out.tensors.contains("ztsnr")) marked.noise.zero_snr = true;
  if (marked.prediction != "noise" || marked.noise.zero_snr) out.settings.scheduler = marked;
}

}  // namespace

Result<Checkpoint> read_checkpoint(const DiffusionFiles& files, bool exact) {
  return guard([&]() -> Result<Checkpoint> {
    Checkpoint out;
    if (fs::is_directory(files.model)) {
      PTAH_TRY(out, read_folder(files.model));
    } else {
      PTAH_TRY(out.tensors, tensors_of(files.model));
      take_markers(out);
    }
    if (!files.unet.empty()) PTAH_TRY_VOID(replace_unet(out, files.unet));
    PTAH_TRY(out.family, family_of(out.tensors, out.settings));
    out.places.unet = kUnet;
    if (out.family == DiffusionFamily::sdxl)
      out.places.texts = {kTextL, kTextG};
    else if (out.family == DiffusionFamily::sd3)
      out.places.texts = {kText3L, kText3G};
    else
      out.places.texts = {out.family == DiffusionFamily::sd2 && any_begins(out.tensors, kText2) ? kText2 : kText1};
    if (!files.autoencoder.empty()) PTAH_TRY_VOID(replace_autoencoder(out, files.autoencoder));
    if (!files.refiner.empty()) PTAH_TRY_VOID(add_refiner(out, files.refiner));
    if (!files.t5.empty()) PTAH_TRY_VOID(add_t5(out, files.t5));
    for (const StrongFile& item : files.controls) PTAH_TRY_VOID(add_control(out, item));
    for (const fs::path& file : files.embeddings) {
      PTAH_TRY(const NamedTensors tensors, tensors_of(file));
      auto vectors = embedding_vectors(tensors, out.places.texts.size());
      if (!vectors) return fail(vectors.error().code, "{}: {}", file.string(), vectors.error().message);
      out.words.emplace_back(file.stem().string(), std::move(*vectors));
    }
    for (const auto& [name, tensor] : out.tensors) out.bytes += static_cast<int64_t>(tensor.bytes());
    if (!files.loras.empty()) {
      std::vector<Adapter> adapters;
      for (const StrongFile& item : files.loras) {
        PTAH_TRY(NamedTensors tensors, tensors_of(item.file));
        adapters.push_back({std::move(tensors), item.file.string(), item.strength});
      }
      PTAH_TRY_VOID(merge_adapters(out.tensors, out.places, adapters, exact));
    }
    return out;
  });
}

}  // namespace ptah
