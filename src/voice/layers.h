// Layers of the speech network. Sounds and features are [time, channels]; one utterance at a time.
#pragma once

#include <vector>

#include "nn/weight_binder.h"
#include "tensor/ops.h"
#include "voice/kernels.h"

namespace ptah {

/// linear() of x [.., rows, in] in steps of rows whose number is one of few: kernels are made for each that occurs, and kept, and no two sentences are equally
/// long. Residual as the result, or none.
Tensor linear_in_steps(const Linear& layer, const Tensor& x, Activation activation = Activation::none, const Tensor& residual = {});

/// A convolution over time. Of one that is dilated by d, rows d apart are neighbours: it computes d sounds of 1 / d the length, and no numbers are moved for
/// it, since the norms before and behind it write and read rows in that order (parted()).
struct Conv1d {
  Tensor weight, bias;  ///< [out, in, 1, k], [out]
  int64_t dilation = 1, stride = 1;

  Conv1d() = default;
  /// weight [out, in, 1, k]
  static Conv1d of(Tensor weight, Tensor bias) {
    Conv1d out;
    out.weight = std::move(weight), out.bias = std::move(bias);
    return out;
  }
  /// NAME.weight [out, in, k] and, if it is there, NAME.bias.
  Conv1d(const WeightBinder& binder, const std::string& name, int64_t dilated = 1, int64_t strided = 1);
  int64_t kernel() const { return weight.dim(3); }
  /// Zeros on each side that keep the length.
  int64_t padding() const { return (kernel() - 1) / 2 * dilation; }
  /// How x that is `rows` long is to be padded, and laid.
  AdaptCall padded(int64_t rows) const;
  /// x as padded() → [rows, out]; residual [rows, out] is added. If it is dilated: [at least rows, out], parted, and no residual is taken.
  Tensor over(const Tensor& x, int64_t rows, const Tensor& residual = {}) const;
  /// x [rows, in] → [rows, out]; not of one that is dilated.
  Tensor operator()(const Tensor& x) const;
  /// The same with sums that are not rounded.
  Tensor in_f32(const Tensor& x) const;
};

/// A transposed convolution whose kernel is twice its stride, (k − stride) / 2 less on each side: x [t, in] → [t · stride, out].
struct Upsampling {
  Tensor weight, bias;  ///< [stride · out, in, 1, 2], [stride · out]: what two neighbours give to the samples between them
  int64_t stride = 1;

  Upsampling() = default;
  /// NAME.weight [in, out, 2 · stride], NAME.bias [out].
  Upsampling(const WeightBinder& binder, const std::string& name);
  Tensor operator()(const Tensor& x) const;
};

/// Gamma and beta of an adaptive norm out of a style.
struct AdaptiveNorm {
  Linear fc;  ///< style → [2 c]

  AdaptiveNorm() = default;
  AdaptiveNorm(const WeightBinder& binder, const std::string& name) : fc(binder.linear(name + ".fc")) {}
  Tensor affine(const Tensor& style) const { return fc(style).reshape({-1}); }
};

/// Two convolutions with adaptive norms and leaky ReLU beside a short cut (StyleTTS 2's AdainResBlk1d); with a pool twice as long at the end.
struct AdaptiveBlock {
  AdaptiveNorm norm1, norm2;
  Conv1d conv1, conv2, shortcut;  ///< no shortcut: x itself
  Tensor pool, pool_bias;         ///< [c, 1, 3]: a transposed convolution of stride 2 for each channel

  AdaptiveBlock() = default;
  AdaptiveBlock(const WeightBinder& binder, const std::string& name);
  Tensor operator()(const Tensor& x, const Tensor& style) const;
};

/// Pairs of convolutions, the first of each dilated 1, 3, 5, with adaptive norms and Snake.
struct SnakeBlock {
  struct Part {
    AdaptiveNorm norm1, norm2;
    Tensor alpha1, alpha2;
    Conv1d conv1, conv2;
  };
  std::vector<Part> parts;

  SnakeBlock() = default;
  SnakeBlock(const WeightBinder& binder, const std::string& name);
  Tensor operator()(Tensor x, const Tensor& style) const;
};

/// Of both directions: x [t, in] → f32 [t, 2 h].
struct Lstm {
  Linear input;      ///< in → 8 h
  Tensor recurrent;  ///< [2, 4 h, h]

  Lstm() = default;
  Lstm(const WeightBinder& binder, const std::string& name);
  Tensor operator()(const Tensor& x) const;
};

/// Each row as often as `counts` says.
Tensor repeated(const Tensor& x, const std::vector<int64_t>& counts);
/// Rows [begin, end), whose numbers are x's.
inline Tensor cut(const Tensor& x, int64_t begin, int64_t end) { return begin == 0 && end == x.dim(0) ? x : x.rows(begin, end); }

}  // namespace ptah
