// PyTorch's own files (.ckpt, .pt, .pth, .bin): a ZIP archive with a pickle of the tree and the numbers beside it, or (before 1.6) both in a row. The pickle is
// read by an interpreter that can build nothing but numbers, texts, lists, dictionaries and tensors; whatever else it names stays a name and is never called.
#pragma once

#include <filesystem>

#include "weights/safetensors.h"

namespace ptah {

/// Tensors by their path in the tree, joined with dots; a dictionary "state_dict" at the root is the tree itself. Tensors in dtypes that nothing here computes
/// with are listed as skipped. Errors: corrupt for anything out of range; unsupported for compressed entries and instructions that such files do not need.
Result<TensorFile> parse_torch_file(std::span<const uint8_t> bytes, std::shared_ptr<const void> owner);

/// A file of tensors by its first bytes: safetensors (floats of 8 bits are upcast to bf16), GGUF (quantised tensors likewise) or PyTorch's. Messages begin
/// with its path.
Result<TensorFile> read_tensor_file(const std::filesystem::path& path);

}  // namespace ptah
