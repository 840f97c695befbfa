// Weights of TensorFlow.js: a manifest in JSON that says what lies where, and files of numbers.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "tensor/tensor.h"

namespace ptah {

/// Tensors by name, f32. Numbers in 8 or 16 bits are scale · number + min.
using TfjsWeights = std::map<std::string, Tensor>;
/// `manifest`: "…-weights_manifest.json"; `bytes`: its files one behind the other. Errors: corrupt (what is no manifest, repeats a name, or does not fill the
/// bytes), unsupported (other types of numbers).
Result<TfjsWeights> parse_tfjs(std::string_view manifest, std::span<const uint8_t> bytes);
/// The same of a manifest and the one file beside it. Errors: also not_found; messages name the file.
Result<TfjsWeights> read_tfjs(const std::filesystem::path& manifest, const std::filesystem::path& bytes);

}  // namespace ptah
