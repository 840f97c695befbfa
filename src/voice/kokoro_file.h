// Weights of Kokoro-82M (hexgrad, Apache-2.0; a StyleTTS 2 text-to-speech network, Li et al. 2023) out of the ONNX file in which they are published in 8 bits.
#pragma once

#include <filesystem>

#include "nn/weights.h"

namespace ptah {

/// Names of weights are those of the PyTorch modules: "bert.…", "bert_encoder", "text_encoder.…", "predictor.…", "decoder.…"; a recurrent layer has
/// NAME.input [2, 4 h, in], NAME.recurrent [2, 4 h, h] and NAME.bias [2, 4 h], its gates in the order input, output, forget, cell. Matrices are [out, in].
/// Quantised weights are dequantised (value − zero point) · scale each time they are packed; the file stays mapped.
/// Errors: not_found, corrupt, unsupported (another graph), with the file's name.
Result<std::map<std::string, Tensor>> read_kokoro_onnx(const std::filesystem::path& file);

}  // namespace ptah
