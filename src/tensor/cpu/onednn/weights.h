// Weights in the layouts that oneDNN's primitives want.
#pragma once

#include <optional>

#include "tensor/cpu/onednn/primitive.h"

namespace ptah::detail::onednn {

/// The dtype in which a weight is handed to oneDNN's reorder, whose conversions of f16, and of bf16 below AVX-512, are missing or slow: what is computed in, or
/// f32.
DType plain_type(const Tensor& weight, DType computed);

/// The weight's numbers in the layout `wanted`. `plain` describes how it lies.
std::shared_ptr<Block> packed(const Tensor& weight, const memory::desc& plain, const memory::desc& wanted, bool transposed = false);

/// Whether what meets the weight is rounded to 8 bits too.
bool rounds_input(const Tensor& weight);

/// A weight in 8 bits: its whole numbers in the layout they are kept in, then a scale for each output.
struct Packed8 {
  std::shared_ptr<Block> block;
  size_t count = 0;  ///< of the whole numbers, those that fill the layout up among them
  /// Where the scales begin: at a cache line.
  size_t scales_at() const { return (count + 63) / 64 * 64; }
  const int8_t* data() const { return static_cast<const int8_t*>(block->data()); }
  const float* scales() const { return reinterpret_cast<const float*>(static_cast<const char*>(block->data()) + scales_at()); }
};

/// Rounds what meets a weight of 8 bits to 8 bits, or dequantizes the weight; keeps what the primitive reads.
class Operands8 {
 public:
  /// The weight times `input` [elements] of dtype `type`, by a primitive that wants the weight as `wanted`: in 8 bits, or dequantized. Whole numbers of 8 bits
  /// are exact in every float type.
  Operands8(const Tensor& weight, const memory::desc& plain, const memory::desc& wanted, DType type, const void* input, int64_t elements);
  const void* input() const { return input_; }
  const void* weights() const { return read_; }
  const void* scales() const { return scales_->data(); }

 private:
  Packed8 weights_;
  std::optional<Block> scales_, wide_weights_, rounded_, wide_;
  const void *input_, *read_;
};

/// What sums of a weight of 8 bits go through: the scales of the outputs, the bias, the rest. `outputs` describes a row of f32.
template <class Call>
Epilogue epilogue8(const Call& call, const memory::desc& outputs, const memory::desc& result, const void* scales) {
  Epilogue out;
  out.multiply(outputs, scales);
  if (call.bias) out.add(outputs, call.bias);
  out.end_with(call, result);
  return out;
}

}  // namespace ptah::detail::onednn
