#include "tensor/cpu/onednn/weights.h"

#include "base/parallel.h"
#include "tensor/cpu/int8.h"
#include "tensor/ops.h"

namespace ptah::detail::onednn {

namespace {

Key layout_key(const memory::desc& desc, bool transposed) {
  const dnnl_memory_desc_t& data = desc.data;
  const auto& blocking = data.format_desc.blocking;
  Key key;
  key << data.ndims << data.data_type << transposed << blocking.inner_nblks;
  for (int i = 0; i < blocking.inner_nblks; ++i) key << blocking.inner_blks[i] << blocking.inner_idxs[i];
  for (int i = 0; i < data.ndims; ++i) key << data.dims[i] << data.padded_dims[i] << blocking.strides[i];
  return key;
}

/// `plain` describes how the weight lies (its dtype does not count); outputs are its outermost axis in memory. `wanted` is of 8 bits (products in 8 bits, read
/// by the primitive as it is), or of a float type (dequantized before each use).
Packed8 packed8(const Tensor& weight, const memory::desc& plain, const memory::desc& wanted) {
  const bool dequantized = wanted.data_type() != memory::data_type::s8;
  const int64_t outputs = weight.dim(0), each = weight.elements() / outputs;
  const size_t element = memory::data_type_size(wanted.data_type());
  Packed8 out{nullptr, wanted.get_size() / element};
  const size_t whole = out.scales_at() + static_cast<size_t>(outputs) * sizeof(float);
  Key key = layout_key(wanted, false);
  key << 8;
  out.block = filled_copy(weight, key, whole, [&](void* to) {
    const Tensor source = passing_numbers(weight);
    auto* scales = reinterpret_cast<float*>(static_cast<char*>(to) + out.scales_at());
    Block rounded(static_cast<size_t>(weight.elements()));
    auto* numbers = static_cast<int8_t*>(rounded.data());
    parallel_for(outputs, each, [&](int64_t begin, int64_t end) {
      for (int64_t o = begin; o < end; ++o) {
        const void* row = static_cast<const char*>(source.raw()) + o * each * static_cast<int64_t>(size_of(source.dtype()));
        const Int8Scale scale(largest_magnitude(source.dtype(), row, each));
        scales[o] = scale.inverse;
        round_to_int8(source.dtype(), row, each, scale.factor, numbers + o * each);
      }
    });
    if (!dequantized) {
      reorder(of_type(plain, memory::data_type::s8), numbers, wanted, to);
      return;
    }
    const DType type = wanted.data_type() == memory::data_type::bf16 ? DType::bf16 : DType::f32;
    const Block wide(static_cast<size_t>(weight.elements()) * element), laid(wanted.get_size());
    dequantize_int8(numbers, weight.elements(), type, wide.data());
    reorder(of_type(plain, wanted.data_type()), wide.data(), wanted, laid.data());
    round_to_int8(type, laid.data(), static_cast<int64_t>(out.count), 1, static_cast<int8_t*>(to));
  });
  return out;
}

}  // namespace

DType plain_type(const Tensor& weight, DType computed) {
  const bool narrow = weight.dtype() == DType::bf16 || (weight.dtype() == DType::f16 && computed == DType::bf16);
  return narrow && has_avx512() ? DType::bf16 : DType::f32;
}

std::shared_ptr<Block> packed(const Tensor& weight, const memory::desc& plain, const memory::desc& wanted, bool transposed) {
  const Key key = layout_key(wanted, transposed);
  return filled_copy(weight, key, wanted.get_size(), [&](void* to) {
    const Tensor source = cast(passing_numbers(weight), plain.data_type() == memory::data_type::bf16 ? DType::bf16 : DType::f32);
    reorder(plain, source.raw(), wanted, to);
  });
}

bool rounds_input(const Tensor& weight) { return weight.body()->packing == WeightPacking::int8_products; }

Operands8::Operands8(const Tensor& weight, const memory::desc& plain, const memory::desc& wanted, DType type, const void* input, int64_t elements)
    : weights_(packed8(weight, plain, wanted)), input_(input), read_(weights_.block->data()) {
  const bool dequantized = wanted.data_type() != memory::data_type::s8, rounded = rounds_input(weight);
  const int64_t outputs = weight.dim(0);
  scales_.emplace(static_cast<size_t>(outputs) * sizeof(float));
  if (dequantized) wide_weights_.emplace(wanted.get_size());
  if (rounded) rounded_.emplace(static_cast<size_t>(elements));
  if (rounded && dequantized) wide_.emplace(static_cast<size_t>(elements) * size_of(type));
  if (DryRun::active()) return;
  float by = 1;
  if (rounded) {
    const Int8Scale scale(largest_magnitude(type, input, elements));
    round_to_int8(type, input, elements, scale.factor, static_cast<int8_t*>(rounded_->data()));
    by = scale.inverse;
    input_ = rounded_->data();
  }
  if (dequantized) {
    dequantize_int8(weights_.data(), static_cast<int64_t>(weights_.count), type, wide_weights_->data());
    read_ = wide_weights_->data();
  }
  if (rounded && dequantized) {
    dequantize_int8(static_cast<const int8_t*>(rounded_->data()), elements, type, wide_->data());
    input_ = wide_->data();
  }
  auto* scales = static_cast<float*>(scales_->data());
  for (int64_t o = 0; o < outputs; ++o) scales[o] = weights_.scales()[o] * by;
}

}  // namespace ptah::detail::onednn
