// Conversion between dtypes.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/ops/cast.cpp"
#include <hwy/foreach_target.h>

#include "base/profile.h"
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

Tensor cast(const Tensor& x, DType type) {
  const Operation operation("dtype");
  if (x.dtype() == type) return x;
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
