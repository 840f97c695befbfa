// The files of a latent diffusion model and what is added to it, read into one map of tensors in the original naming.
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "pipelines/adapters.h"
#include "pipelines/diffusers_folder.h"

namespace ptah {

struct StrongFile {
  std::filesystem::path file;
  float strength = 1;
};

/// What to paint with. Files are safetensors, GGUF, or PyTorch's own.
struct DiffusionFiles {
  std::filesystem::path model;                        ///< a whole checkpoint, or a folder in diffusers' layout; parts may be folders too
  std::filesystem::path unet = {}, autoencoder = {};  ///< instead of the checkpoint's own; a small autoencoder (TAESD) may stand for the latter
  std::filesystem::path t5 = {};        ///< T5's encoder for Stable Diffusion 3: a file, or a folder with its parts; none: as in training without it
  std::filesystem::path t5_words = {};  ///< its tokenizer.json; empty: beside it, or in ../tokenizer_3 (diffusers' layout)
  std::filesystem::path refiner = {};   ///< a second U-Net for the last steps of SDXL, in a file of its own
  std::vector<StrongFile> loras = {};   ///< see adapters.h
  std::vector<std::filesystem::path> embeddings = {};  ///< words of a prompt that are called as the file, without its ending
  std::vector<StrongFile> controls = {};               ///< networks that control (ControlNet), each with a picture of its own
  bool wraps = false;                                  ///< what is painted can be laid side by side without a seam
  WeightPacking packing = WeightPacking::plain;        ///< of what draws: 8 bits take half the memory, products in 8 bits less time too
};
/// The inverse of name_of. Errors: invalid_argument, naming what is possible.
Result<WeightPacking> packing_by_name(std::string_view name);
/// By their names alone: what is published of a work says nothing of its maker's folders.
Json to_json(const DiffusionFiles& files);
/// The inverse, with all files in one folder. Errors: corrupt.
Result<DiffusionFiles> diffusion_files(const Json& json, const std::filesystem::path& folder = {});
/// Files that are named alone, in a folder.
DiffusionFiles in_folder(DiffusionFiles files, const std::filesystem::path& folder);
/// Every file to be read, a folder's weights and configurations among them, with a name for each: the role and the name in the folder. Errors: not_found.
Result<std::vector<std::pair<std::string, std::filesystem::path>>> listed(const DiffusionFiles& files);

/// The tokenizer.json of files.t5. Errors: not_found, naming where it was looked for.
Result<std::filesystem::path> t5_words(const DiffusionFiles& files);

enum class DiffusionFamily { sd1, sd2, sdxl, sd3 };
std::string_view name_of(DiffusionFamily family);

struct Checkpoint {
  DiffusionFamily family = DiffusionFamily::sd1;
  NamedTensors tensors;  ///< U-Net (or transformer), autoencoder and texts below the prefixes of `places` and kAutoencoderPlace
  CheckpointPlaces places;
  NamedTensors refiner;                                            ///< a U-Net in the original naming without prefix; may be empty
  NamedTensors t5;                                                 ///< T5's encoder by Hugging Face's names; may be empty
  NamedTensors small_autoencoder;                                  ///< instead of the autoencoder; may be empty
  std::vector<std::pair<std::string, std::vector<Tensor>>> words;  ///< of embeddings: name, and a tensor [vectors, width] for each text encoder
  std::vector<std::pair<NamedTensors, float>> controls;            ///< in the original naming without prefix, and their strengths
  ModelSettings settings;                                          ///< what configurations say
  int64_t bytes = 0;                                               ///< of all tensors as they lie in the files
};
inline constexpr const char* kAutoencoderPlace = "first_stage_model.";

/// Reads and joins them; LoRAs are merged (`exact`: into f32). Errors: not_found, corrupt, mismatch (naming tensors), unsupported (another family, naming it).
Result<Checkpoint> read_checkpoint(const DiffusionFiles& files, bool exact);

}  // namespace ptah
