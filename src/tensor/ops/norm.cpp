// Layer norm (Ba et al. 2016), RMS norm (Zhang and Sennrich 2019), the modulated norm and gated sum of diffusion transformers.
// One kernel serves them: y = x̂·gain + offset, with one row of gain and offset for every `rows_per_group` rows.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/ops/norm.cpp"
#include <hwy/foreach_target.h>

#include "base/profile.h"
#include "tensor/cpu/simd-inl.h"
#include "tensor/ops.h"

#ifndef PTAH_TENSOR_OPS_NORM_CALL
#define PTAH_TENSOR_OPS_NORM_CALL
namespace ptah {
struct NormCall {
  DType type;
  int64_t rows, d, rows_per_group;
  const float *gain, *offset;  ///< [rows / rows_per_group, d] or null
  float eps;
  bool centred;  ///< layer norm; else RMS norm
};
/// Rows are reduced in chunks that never cross a group: partial sums are [groups · chunks_per_group, d].
struct NormChunks {
  int64_t rows_per_group, chunk = 64;
  int64_t per_group() const { return (rows_per_group + chunk - 1) / chunk; }
};
}  // namespace ptah
#endif

HWY_BEFORE_NAMESPACE();
namespace ptah::HWY_NAMESPACE {

struct RowStats {
  float mean, rstd;
};

template <class T>
HWY_INLINE RowStats row_stats(const T* x, int64_t d, float eps, bool centred) {
  VF total = hn::Zero(DF());
  const float scale = 1.0F / static_cast<float>(d);
  float mean = 0;
  if (centred) {
    for (int64_t i = 0; i < d; i += lanes()) total = hn::Add(total, load_n(x + i, d - i));
    mean = sum_lanes(total) * scale;
  }
  VF squares = hn::Zero(DF());
  const VF middle = splat(mean);
  int64_t i = 0;
  for (; i + lanes() <= d; i += lanes()) {
    const VF v = hn::Sub(load(x + i), middle);
    squares = hn::MulAdd(v, v, squares);
  }
  float tail = 0;
  for (; i < d; ++i) tail += (to_float(x[i]) - mean) * (to_float(x[i]) - mean);
  const float variance = (sum_lanes(squares) + tail) * scale;
  return {mean, 1.0F / __builtin_sqrtf(variance + eps)};
}

void norm_forward(const NormCall& call, const void* in, void* out) {
  with_float_type(call.type, [&](auto tag) {
    using T = decltype(tag);
    parallel_for(call.rows, call.d * 4, [&](int64_t begin, int64_t end) {
      const int64_t d = call.d;
      for (int64_t row = begin; row < end; ++row) {
        const T* x = static_cast<const T*>(in) + row * d;
        T* y = static_cast<T*>(out) + row * d;
        const RowStats s = row_stats(x, d, call.eps, call.centred);
        const VF mean = splat(s.mean), rstd = splat(s.rstd);
        const float* gain = call.gain ? call.gain + row / call.rows_per_group * d : nullptr;
        const float* offset = call.offset ? call.offset + row / call.rows_per_group * d : nullptr;
        for (int64_t i = 0; i < d; i += lanes()) {
          VF v = hn::Mul(hn::Sub(load_n(x + i, d - i), mean), rstd);
          if (gain) v = hn::Mul(v, load_n(gain + i, d - i));
          if (offset) v = hn::Add(v, load_n(offset + i, d - i));
          store_n(v, y + i, d - i);
        }
      }
    });
  });
}

/// dx, and per chunk Σ g·x̂ (gain_sums) and Σ g (offset_sums).
void norm_backward(const NormCall& call, const NormChunks& chunks, const void* in, const void* grad, void* out, float* gain_sums, float* offset_sums) {
  with_float_type(call.type, [&](auto tag) {
    using T = decltype(tag);
    const int64_t d = call.d, per_group = chunks.per_group(), groups = call.rows / call.rows_per_group;
    parallel_for(groups * per_group, d * chunks.chunk * 8, [&](int64_t begin, int64_t end) {
      for (int64_t c = begin; c < end; ++c) {
        const int64_t group = c / per_group, first = c % per_group * chunks.chunk;
        const int64_t last = first + chunks.chunk < call.rows_per_group ? first + chunks.chunk : call.rows_per_group;
        float *gain_sum = gain_sums + c * d, *offset_sum = offset_sums + c * d;
        for (int64_t i = 0; i < d; ++i) gain_sum[i] = offset_sum[i] = 0;
        const float* gain = call.gain ? call.gain + group * d : nullptr;
        for (int64_t row = group * call.rows_per_group + first; row < group * call.rows_per_group + last; ++row) {
          const T *x = static_cast<const T*>(in) + row * d, *g = static_cast<const T*>(grad) + row * d;
          T* dx = static_cast<T*>(out) + row * d;
          const RowStats s = row_stats(x, d, call.eps, call.centred);
          const VF mean = splat(s.mean), rstd = splat(s.rstd);
          VF along = hn::Zero(DF()), total = hn::Zero(DF());
          for (int64_t i = 0; i < d; i += lanes()) {
            const int64_t left = d - i;
            const VF up = load_n(g + i, left), hat = hn::Mul(hn::Sub(load_n(x + i, left), mean), rstd);
            store_n(hn::MulAdd(up, hat, load_n(gain_sum + i, left)), gain_sum + i, left);
            store_n(hn::Add(up, load_n(offset_sum + i, left)), offset_sum + i, left);
            const VF gg = gain ? hn::Mul(up, load_n(gain + i, left)) : up;
            along = hn::MulAdd(gg, hat, along);  // up is zero beyond the row
            total = hn::Add(total, gg);
          }
          const float scale = 1.0F / static_cast<float>(d);
          const VF a = splat(sum_lanes(along) * scale), t = splat(call.centred ? sum_lanes(total) * scale : 0.0F);
          for (int64_t i = 0; i < d; i += lanes()) {
            const int64_t left = d - i;
            const VF up = load_n(g + i, left), hat = hn::Mul(hn::Sub(load_n(x + i, left), mean), rstd);
            const VF gg = gain ? hn::Mul(up, load_n(gain + i, left)) : up;
            store_n(hn::Mul(rstd, hn::Sub(hn::NegMulAdd(hat, a, gg), t)), dx + i, left);
          }
        }
      }
    });
  });
}

/// out = x + gate·y over rows of d with one gate row a group.
void gated_forward(const NormCall& call, const void* xs, const void* ys, void* out) {
  with_float_type(call.type, [&](auto tag) {
    using T = decltype(tag);
    parallel_for(call.rows, call.d * 2, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        const T *x = static_cast<const T*>(xs) + row * call.d, *y = static_cast<const T*>(ys) + row * call.d;
        T* to = static_cast<T*>(out) + row * call.d;
        const float* gate = call.gain + row / call.rows_per_group * call.d;
        for (int64_t i = 0; i < call.d; i += lanes()) {
          const int64_t left = call.d - i;
          store_n(hn::MulAdd(load_n(gate + i, left), load_n(y + i, left), load_n(x + i, left)), to + i, left);
        }
      }
    });
  });
}

/// dy = gate·g, and per chunk Σ g·y.
void gated_backward(const NormCall& call, const NormChunks& chunks, const void* ys, const void* grad, void* out, float* sums) {
  with_float_type(call.type, [&](auto tag) {
    using T = decltype(tag);
    const int64_t d = call.d, per_group = chunks.per_group(), groups = call.rows / call.rows_per_group;
    parallel_for(groups * per_group, d * chunks.chunk * 4, [&](int64_t begin, int64_t end) {
      for (int64_t c = begin; c < end; ++c) {
        const int64_t group = c / per_group, first = c % per_group * chunks.chunk;
        const int64_t last = first + chunks.chunk < call.rows_per_group ? first + chunks.chunk : call.rows_per_group;
        float* sum = sums + c * d;
        const float* gate = call.gain + group * d;
        for (int64_t i = 0; i < d; ++i) sum[i] = 0;
        for (int64_t row = group * call.rows_per_group + first; row < group * call.rows_per_group + last; ++row) {
          const T *y = static_cast<const T*>(ys) + row * d, *g = static_cast<const T*>(grad) + row * d;
          T* dy = static_cast<T*>(out) + row * d;
          for (int64_t i = 0; i < d; i += lanes()) {
            const int64_t left = d - i;
            const VF up = load_n(g + i, left);
            store_n(hn::Mul(up, load_n(gate + i, left)), dy + i, left);
            store_n(hn::MulAdd(up, load_n(y + i, left), load_n(sum + i, left)), sum + i, left);
          }
        }
      }
    });
  });
}

}  // namespace ptah::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ptah {

HWY_EXPORT(norm_forward);
HWY_EXPORT(norm_backward);
HWY_EXPORT(gated_forward);
HWY_EXPORT(gated_backward);

namespace {

struct NormGrads {
  Tensor dx, gain, offset;  ///< gain and offset: f32 [groups, d]
};

NormCall norm_call(const Tensor& x, const Tensor& gain, const Tensor& offset, int64_t rows_per_group, float eps, bool centred) {
  const int64_t d = x.dim(-1);
  return {x.dtype(),
          d ? x.elements() / d : 0,
          d,
          rows_per_group,
          gain.defined() ? gain.data<float>() : nullptr,
          offset.defined() ? offset.data<float>() : nullptr,
          eps,
          centred};
}

Tensor chunk_sums(const Tensor& partial, int64_t groups, int64_t per_group, int64_t d) {
  return sum_to(partial.reshape({groups, per_group, d}), {groups, 1, d}).reshape({groups, d});
}

NormGrads run_backward(const NormCall& call, const Tensor& x, const Tensor& grad) {
  const NormChunks chunks{call.rows_per_group};
  const int64_t groups = call.rows_per_group ? call.rows / call.rows_per_group : 0, parts = groups * chunks.per_group();
  Tensor dx = Tensor::empty(x.shape(), x.dtype());
  Tensor gains = Tensor::empty({parts, call.d}), offsets = Tensor::empty({parts, call.d});
  HWY_DYNAMIC_DISPATCH(norm_backward)(call, chunks, x.raw(), grad.raw(), dx.raw(), gains.data<float>(), offsets.data<float>());
  return {dx, chunk_sums(gains, groups, chunks.per_group(), call.d), chunk_sums(offsets, groups, chunks.per_group(), call.d)};
}

Tensor plain_norm(const Tensor& x, const NormArgs& args, bool centred) {
  const Operation operation("layer norm");
  PTAH_CHECK(x.rank() >= 1 && is_float(x.dtype()), "norm of {} {}", name_of(x.dtype()), x.shape().str());
  for (const Tensor* p : {&args.weight, &args.bias})
    if (p->defined())
      PTAH_CHECK(p->dtype() == DType::f32 && p->elements() == x.dim(-1), "norm: parameter {} {} for {}", name_of(p->dtype()), p->shape().str(),
                 x.shape().str());
  NormCall call = norm_call(x, args.weight, args.bias, 0, args.eps, centred);
  call.rows_per_group = std::max<int64_t>(call.rows, 1);
  Tensor out = Tensor::empty(x.shape(), x.dtype());
  HWY_DYNAMIC_DISPATCH(norm_forward)(call, x.raw(), out.raw());
  if (GradScope::wants({&x, &args.weight, &args.bias}))
    GradScope::record(out, {x, args.weight, args.bias}, [x, args, call](const Tensor& grad) {
      const NormGrads g = run_backward(call, x, cast(grad, x.dtype()));
      const auto shaped = [](const Tensor& sums, const Tensor& like) {
        return tracked(like) ? (sums.elements() ? sums : Tensor::zeros(like.shape())).reshape(like.shape()) : Tensor();
      };
      return std::vector{g.dx, shaped(g.gain, args.weight), shaped(g.offset, args.bias)};
    });
  return out;
}

void check_rows(const Tensor& x, const Tensor& row, const char* what) {
  PTAH_CHECK(x.rank() == 3 && row.rank() == 2 && row.dim(0) == x.dim(0) && row.dim(1) == x.dim(2), "{} {} for x {}", what, row.shape().str(), x.shape().str());
}

}  // namespace

Tensor layer_norm(const Tensor& x, const NormArgs& args) { return plain_norm(x, args, true); }
Tensor rms_norm(const Tensor& x, const NormArgs& args) { return plain_norm(x, args, false); }

Tensor modulated_norm(const Tensor& x, const Tensor& shift, const Tensor& scale, float eps) {
  check_rows(x, shift, "modulated_norm: shift");
  check_rows(x, scale, "modulated_norm: scale");
  const Tensor gain = affine(cast(scale.detach(), DType::f32), 1, 1), offset = cast(shift.detach(), DType::f32);
  Tensor out = Tensor::empty(x.shape(), x.dtype());
  HWY_DYNAMIC_DISPATCH(norm_forward)(norm_call(x, gain, offset, x.dim(1), eps, true), x.raw(), out.raw());
  if (GradScope::wants({&x, &shift, &scale}))
    GradScope::record(out, {x, shift, scale}, [x, gain, eps, type = shift.dtype(), other = scale.dtype()](const Tensor& grad) {
      const NormGrads g = run_backward(norm_call(x, gain, {}, x.dim(1), eps, true), x, cast(grad, x.dtype()));
      return std::vector{g.dx, cast(g.offset, type), cast(g.gain, other)};
    });
  return out;
}

Tensor gated_add(const Tensor& x, const Tensor& y, const Tensor& gate) {
  check_rows(x, gate, "gated_add: gate");
  PTAH_CHECK(x.shape() == y.shape() && x.dtype() == y.dtype(), "gated_add: {} and {}", x.shape().str(), y.shape().str());
  const Tensor wide = cast(gate.detach(), DType::f32);
  Tensor out = Tensor::empty(x.shape(), x.dtype());
  HWY_DYNAMIC_DISPATCH(gated_forward)(norm_call(x, wide, {}, x.dim(1), 0, false), x.raw(), y.raw(), out.raw());
  if (GradScope::wants({&x, &y, &gate}))
    GradScope::record(out, {x, y, gate}, [y, wide, type = gate.dtype()](const Tensor& grad) {
      const Tensor g = cast(grad, y.dtype());
      const NormCall call = norm_call(y, wide, {}, y.dim(1), 0, false);
      const NormChunks chunks{call.rows_per_group};
      Tensor dy = Tensor::empty(y.shape(), y.dtype());
      Tensor sums = Tensor::empty({y.dim(0) * chunks.per_group(), call.d});
      HWY_DYNAMIC_DISPATCH(gated_backward)(call, chunks, y.raw(), g.raw(), dy.raw(), sums.data<float>());
      return std::vector{grad, dy, cast(chunk_sums(sums, y.dim(0), chunks.per_group(), call.d), type)};
    });
  return out;
}

}  // namespace ptah
#endif
