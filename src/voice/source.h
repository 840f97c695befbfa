// Between features and sound: the voiced source of a pitch curve, and the short-time Fourier transform both ways.
#pragma once

#include <vector>

#include "tensor/tensor.h"

namespace ptah {

/// Sums of harmonic sines (Wang et al. 2019, "neural source-filter"), without noise: `pitch` in Hz, one a frame of `frame` samples; below 10 Hz a frame has no
/// voice. weights [harmonics] and bias join the harmonics, tanh follows. As many samples as frames · frame.
std::vector<float> harmonic_source(const std::vector<float>& pitch, int64_t frame, int64_t rate, const Tensor& weights, float bias);

/// Magnitudes and phases of frames of `size` samples, each size / 4 behind the one before, with a Hann window, of a sound that is reflected at its ends:
/// f32 [samples / (size / 4) + 1, size + 2] (size / 2 + 1 magnitudes, then as many phases in radians).
Tensor spectrum_of(const std::vector<float>& sound, int64_t size);

/// The inverse of magnitudes and phases [frames, size + 2] by overlapping windows: (frames − 1) · size / 4 samples.
std::vector<float> sound_of(const Tensor& spectrum, int64_t size);

}  // namespace ptah
