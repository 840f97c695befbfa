// Dense kernels: matrix products and convolutions, forward and both backward directions. Implemented over oneDNN; none of its
// types appear here.
#pragma once

#include <cstdint>
#include <optional>

#include "tensor/tensor.h"

namespace ptah {

enum class Activation { none, relu, silu, gelu, gelu_erf, tanh, sigmoid };

namespace detail {

/// Whether the kernels below take operands of this dtype on this processor: f32 always, bf16 from AVX-512 on. Others are widened to f32 and rounded at the
/// edges.
bool has_dense(DType type);

/// c[m, n] = activation(a[m, k] · b[k, n] + bias[n]) + residual[m, n], `batch` times. Matrices are dense; a transposed operand
/// lies in memory as [k, m] or [n, k]. If `weight` is set, b is that tensor's matrix [n, k] (or [k, n] if not b_transposed),
/// packed once for this kernel and kept with the tensor.
struct GemmCall {
  int64_t batch = 1, m = 0, n = 0, k = 0;
  const void* a = nullptr;
  DType a_type = DType::f32;
  bool a_transposed = false;
  const void* b = nullptr;
  DType b_type = DType::f32;
  bool b_transposed = false;
  const Tensor* weight = nullptr;
  void* c = nullptr;
  DType c_type = DType::f32;
  const float* bias = nullptr;
  Activation activation = Activation::none;
  const void* residual = nullptr;  ///< of c_type
  bool gated = false;              ///< c[m, n / 2]: the first half of the outputs times gelu_erf of the second; only where takes_gated
};
void gemm(const GemmCall& call);
/// Whether a gated product is computed in one pass here: by a weight of WeightPacking::own in bf16 where there is a panel product, n a multiple of 64.
bool takes_gated(const GemmCall& call);

/// Pictures are NHWC, weights [out, in / groups, kernel height, kernel width].
struct ConvShape {
  int64_t batch, in_height, in_width, in_channels;
  int64_t out_height, out_width, out_channels;
  int64_t kernel_height, kernel_width;
  int64_t stride = 1, padding = 0, groups = 1;
  int64_t flops() const { return 2 * batch * out_height * out_width * out_channels * (in_channels / groups) * kernel_height * kernel_width; }
};

struct ConvForward {
  ConvShape shape;
  DType type;  ///< of source, result and residual
  const void* source;
  const Tensor* weight;
  const float* bias;
  Activation activation = Activation::none;
  const void* residual = nullptr;
  void* result;
};
void conv_forward(const ConvForward& call);
void conv_backward_data(const ConvShape& shape, DType type, const void* grad, const Tensor& weight, void* source_grad);
/// weight_grad and bias_grad (may be null) are f32. The batch is cut into fixed parts that are added in order.
void conv_backward_weights(const ConvShape& shape, DType type, const void* source, const void* grad, float* weight_grad);

}  // namespace detail

/// Gives back the packed copies of a weight; the next use packs it again.
void forget_packed(const Tensor& weight);

}  // namespace ptah
