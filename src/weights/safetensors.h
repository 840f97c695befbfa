// safetensors: the format of named tensors that Hugging Face defines: u64 header length, JSON header, bytes.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "tensor/tensor.h"

namespace ptah {

/// Tensors by name plus free-form text metadata.
struct TensorFile {
  std::map<std::string, Tensor> tensors;
  std::map<std::string, std::string> metadata;
  std::map<std::string, std::string> skipped;  ///< name → dtype of tensors in the format's other dtypes (I64, BOOL …), which nothing here computes with
  std::map<std::string, Tensor> bytes;  ///< of those that are skipped the ones of 8 bits (F8_E4M3, F8_E5M2), as u8: read_tensor_file (torch_file.h) widens them
};

/// Reads tensors out of bytes that `owner` keeps alive; tensors are views on them. Dtypes F32, BF16, F16, I32, U8; the format's others
/// are checked like these and listed as skipped. Matrices of bytes that the metadata "ptah.blocks" names (a JSON object, name → kind such as "q8_0") are
/// block-quantised numbers (tensor/blocks.h); where it says {"kind", "shape"} they become bf16 of that shape.
/// Errors: corrupt for a header over 64 MiB, bad JSON, nesting, duplicate names, offsets that overlap, leave gaps or pass the end, byte
/// counts that do not fit shape and dtype; unsupported for unknown dtypes and more than six axes. Nothing is allocated before it is checked.
Result<TensorFile> parse_safetensors(std::span<const uint8_t> bytes, const std::shared_ptr<const void>& owner);

/// The same from a memory-mapped file; messages begin with its path.
Result<TensorFile> read_safetensors(const std::filesystem::path& path);

/// Writes atomically; names in order, data 64-byte aligned. Numbers in blocks are written as bytes, and named in the metadata.
Result<void> write_safetensors(const std::filesystem::path& path, const TensorFile& file);
/// The same bytes in memory.
Result<Bytes> encode_safetensors(const TensorFile& file);

}  // namespace ptah
