// Conversion between dtypes.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/ops/cast.cpp"
#include <hwy/foreach_target.h>

#include "base/profile.h"
#include "tensor/blocks.h"
#include "tensor/cpu/simd-inl.h"
#include "tensor/ops.h"

HWY_BEFORE_NAMESPACE();
namespace ptah::HWY_NAMESPACE {

void cast_floats(DType from, const void* in, DType to, void* out, int64_t count) {
  with_float_type(from, [&](auto source) {
    with_float_type(to, [&](auto target) {
      const auto* x = static_cast<const decltype(source)*>(in);
      auto* y = static_cast<decltype(target)*>(out);
      in_chunks(count, 1, [&](int64_t first, int64_t last) {
        for (int64_t i = first; i < last; i += lanes()) store_n(load_n(x + i, last - i), y + i, last - i);
      });
    });
  });
}

}  // namespace ptah::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ptah {

HWY_EXPORT(cast_floats);

namespace {

/// Blocks to numbers; a bf16 is the f32 rounded to nearest.
Tensor dequantized(const Tensor& x, DType type) {
  if (type == DType::f16) return cast(dequantized(x, DType::f32), type);
  PTAH_CHECK(is_float(type), "no conversion {} to {}", name_of(x.dtype()), name_of(type));
  Tensor out = Tensor::empty(x.shape(), type);
  if (DryRun::active()) return out;
  const BlockMatrix m = x.block_matrix();
  parallel_for(m.rows, m.columns, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      if (type == DType::f32)
        dequantize(m.type, m.row(r), m.columns, out.data<float>() + r * m.columns);
      else
        dequantize(m.type, m.row(r), m.columns, out.data<bf16>() + r * m.columns);
    }
  });
  return out;
}

}  // namespace

Tensor quantized(const Tensor& x, BlockType type) {
  const Tensor wide = cast(x.detach(), DType::f32);
  Tensor out = Tensor::empty_blocks(x.shape(), type);
  if (DryRun::active()) return out;
  const BlockMatrix m = out.block_matrix();
  for (int64_t r = 0; r < m.rows; ++r)
    value_or_throw(quantize(type, wide.data<float>() + r * m.columns, m.columns, static_cast<uint8_t*>(out.raw()) + r * m.row_bytes()));
  return out;
}

Tensor cast(const Tensor& x, DType type) {
  const Operation operation("dtype");
  if (x.dtype() == type) return x;
  if (x.dtype() == DType::blocks) return dequantized(x, type);
  Tensor out = Tensor::empty(x.shape(), type);
  if (is_float(x.dtype()) && is_float(type)) {
    HWY_DYNAMIC_DISPATCH(cast_floats)(x.dtype(), x.raw(), type, out.raw(), x.elements());
    if (GradScope::wants({&x})) GradScope::record(out, {x}, [from = x.dtype()](const Tensor& grad) { return std::vector{cast(grad, from)}; });
    return out;
  }
  if (DryRun::active()) return out;
  const std::vector<float> values = x.to_vector();
  PTAH_CHECK(type == DType::f32 || type == DType::i32 || type == DType::u8, "no conversion {} to {}", name_of(x.dtype()), name_of(type));
  for (size_t i = 0; i < values.size(); ++i) {
    if (type == DType::f32) out.data<float>()[i] = values[i];
    if (type == DType::i32) out.data<int32_t>()[i] = static_cast<int32_t>(values[i]);
    if (type == DType::u8) out.data<uint8_t>()[i] = static_cast<uint8_t>(values[i]);
  }
  return out;
}

}  // namespace ptah
#endif
