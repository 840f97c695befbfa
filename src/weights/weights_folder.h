// The weights of one model in a folder, as transformers and diffusers save them: one file, or several and an index that says what lies where.
#pragma once

#include <filesystem>
#include <initializer_list>
#include <map>
#include <string>
#include <vector>

#include "tensor/tensor.h"
#include "base/error.h"

namespace ptah {

/// The files of the first layout that is there. For each stem ("model", "pytorch_model", "diffusion_pytorch_model"): STEM.safetensors,
/// STEM.safetensors.index.json with its parts, STEM.bin, STEM.bin.index.json; then the same of the variants (fp16, bf16, fp32, non_ema), as in
/// STEM.fp16.safetensors and STEM.safetensors.index.fp16.json. Errors: not_found, naming the folder and what was looked for; corrupt for an index without
/// 'weight_map', or whose parts lie outside the folder.
Result<std::vector<std::filesystem::path>> weight_files(const std::filesystem::path& folder, std::initializer_list<const char*> stems);

/// All tensors of them. Errors: those of weight_files and read_tensor_file; corrupt for a tensor that the index names and its part lacks, or that two parts
/// hold.
Result<std::map<std::string, Tensor>> read_weights_folder(const std::filesystem::path& folder, std::initializer_list<const char*> stems);

}  // namespace ptah
