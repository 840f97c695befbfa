// Inner loops of the speech network, for whichever instruction set the processor has. Sounds and features are [time, channels], f32 or bf16; all results are
// the same for any number of threads.
#pragma once

#include <vector>

#include "tensor/tensor.h"

namespace ptah {

/// What follows the adaptive norm: nothing; leaky ReLU of slope 0.2; or x + sin²(αx) / α with an α a channel ("Snake", Liu et al. 2020).
enum class VoiceActivation { none, leaky, snake };

struct AdaptCall {
  VoiceActivation activation = VoiceActivation::none;
  const float* alpha = nullptr;   ///< of snake: [channels]
  int64_t rows = 0;               ///< of x that count; 0: all
  int64_t before = 0, after = 0;  ///< rows of zeros around the result, as padding of the convolution that reads it
  int64_t from_phases = 1;        ///< rows of x lie as those of parted(): what a dilated convolution gave
  int64_t phases = 1;             ///< rows of the result shall lie so: for a dilated convolution; before + rows + after is a multiple of it
};
/// Where row t of `rows` lies when those that are `phases` apart follow one another: all of t % phases = 0 first.
inline int64_t parted(int64_t t, int64_t rows, int64_t phases) { return phases == 1 ? t : t % phases * (rows / phases) + t / phases; }
/// activation((1 + gamma) · (x − mean) / √(variance + 10⁻⁵) + beta) with mean and variance of each channel over time (instance norm; AdaIN, Huang and Belongie
/// 2017): x [t, c], affine f32 [2 c] (gamma, then beta) → [before + t + after, c].
Tensor adapted(const Tensor& x, const Tensor& affine, const AdaptCall& call);

/// A convolution over time, channels last: `parts` sounds one behind the other, x bf16 [parts · length, in], weight [out, in, 1, kernel], bias f32 [out] or
/// none, residual of the result's shape and type or none → [parts · rows, out] in `type`, rows no more than (length − kernel) / stride + 1. What a kernel reads
/// of neighbouring rows lies in one run of memory, so the products take x as it is.
struct PanelConvolution {
  int64_t parts = 1, rows = 0, stride = 1;
  Tensor bias = {}, residual = {};
  DType type = DType::bf16;  ///< or f32
};
/// Whether this processor has it for these; else conv2d does it.
bool has_panel_convolution(const Tensor& x, const Tensor& weight);
Tensor panel_convolution(const Tensor& x, const Tensor& weight, const PanelConvolution& call);

/// A long short-term memory in both directions (Hochreiter and Schmidhuber 1997): inputs f32 [t, 2, 4 h] (input weights times input, plus bias; gates input,
/// output, forget, cell), recurrent f32 [2, 4 h, h] → f32 [t, 2 h].
Tensor bidirectional_lstm(const Tensor& inputs, const Tensor& recurrent);

}  // namespace ptah
