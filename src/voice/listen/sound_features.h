// What a recogniser hears: sounds at its own rate, as logarithmic mel spectra.
#pragma once

#include <span>
#include <vector>

#include "tensor/tensor.h"

namespace ptah {

/// Whisper's features (Radford et al. 2022) of a sound of 16,000 samples a
/// second: f32 [samples / 160 + 1, mels], windows of 400 samples every 160,
/// Slaney's mel bands, log10 within 8 of the largest, times a quarter, plus 1.
Tensor log_mel(std::span<const float> sound, int64_t mels);

}  // namespace ptah
