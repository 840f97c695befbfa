// Files of CTranslate2 ("model.bin"): the name of a kind of network, its numbers by name.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "tensor/tensor.h"

namespace ptah {

struct Ctranslate2File {
  std::string kind;  ///< "WhisperSpec"
  uint32_t revision = 0;
  std::map<std::string, Tensor> tensors;                ///< names with points between their parts; f32, f16 and bf16 as they lie, aliases too
  std::map<std::string, std::vector<int64_t>> numbers;  ///< the whole ones: sizes, heads, switches
};

/// Version 6 of the format. Numbers in 8 bits with scales are refused. Errors: corrupt, unsupported.
Result<Ctranslate2File> parse_ctranslate2(std::span<const uint8_t> bytes);
/// The same of a file; messages begin with its path. Errors: also not_found.
Result<Ctranslate2File> read_ctranslate2(const std::filesystem::path& path);

}  // namespace ptah
