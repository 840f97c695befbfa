// Sums, means and maxima. Partial sums run over fixed chunks and are added in order, whatever the number of threads.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/ops/reduce.cpp"
#include <hwy/foreach_target.h>

#include "tensor/cpu/simd-inl.h"
#include "tensor/ops.h"

HWY_BEFORE_NAMESPACE();
namespace ptah::HWY_NAMESPACE {

/// out[outer, inner] += Σ over rows [first, last) of in[outer, n, inner], starting from zero.
template <class T>
HWY_INLINE void sum_rows(const T* in, int64_t rows, int64_t inner, float* out) {
  if (inner == 1) {
    VF sums[4] = {hn::Zero(DF()), hn::Zero(DF()), hn::Zero(DF()), hn::Zero(DF())};
    int64_t i = 0;
    for (; i + 4 * lanes() <= rows; i += 4 * lanes())
      for (int64_t j = 0; j < 4; ++j) sums[j] = hn::Add(sums[j], load(in + i + j * lanes()));
    for (; i < rows; i += lanes()) sums[0] = hn::Add(sums[0], load_n(in + i, rows - i));
    out[0] = sum_lanes(hn::Add(hn::Add(sums[0], sums[1]), hn::Add(sums[2], sums[3])));
    return;
  }
  for (int64_t i = 0; i < inner; i += lanes()) {
    VF sum = hn::Zero(DF());
    for (int64_t r = 0; r < rows; ++r) sum = hn::Add(sum, load_n(in + r * inner + i, inner - i));
    store_n(sum, out + i, inner - i);
  }
}

/// in [outer, n, inner] → out [outer, inner]; `partial` holds [outer, chunks, inner].
void sum_axis(DType type, const void* in, int64_t outer, int64_t n, int64_t inner, int64_t chunk, float* partial, float* out) {
  const int64_t chunks = (n + chunk - 1) / chunk;
  with_float_type(type, [&](auto tag) {
    using T = decltype(tag);
    const T* x = static_cast<const T*>(in);
    parallel_for(outer * chunks, chunk * inner, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t o = i / chunks, first = i % chunks * chunk, rows = n - first < chunk ? n - first : chunk;
        sum_rows(x + (o * n + first) * inner, rows, inner, (chunks == 1 ? out : partial) + i * inner);
      }
    });
  });
  if (chunks == 1) return;
  parallel_for(outer, chunks * inner, [&](int64_t begin, int64_t end) {
    for (int64_t o = begin; o < end; ++o) sum_rows(partial + o * chunks * inner, chunks, inner, out + o * inner);
  });
}

}  // namespace ptah::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ptah {

HWY_EXPORT(sum_axis);

namespace {

/// f32 [outer, inner]
Tensor summed(const Tensor& x, int64_t outer, int64_t n, int64_t inner) {
  if (n == 0) return Tensor::zeros({outer, inner});
  constexpr int64_t kChunkElements = 1 << 16;
  const int64_t chunk = std::max<int64_t>(16, kChunkElements / std::max<int64_t>(inner, 1));
  const int64_t chunks = (n + chunk - 1) / chunk;
  Tensor out = Tensor::empty({outer, inner});
  Tensor partial = Tensor::empty({chunks > 1 ? outer * chunks * inner : 0});
  HWY_DYNAMIC_DISPATCH(sum_axis)(x.dtype(), x.raw(), outer, n, inner, chunk, partial.data<float>(), out.data<float>());
  return out;
}

Shape kept(Shape shape, int axis) {
  shape[axis] = 1;
  return shape;
}

/// A tensor of the given shape whose values repeat those of x.
Tensor spread(const Tensor& x, const Shape& shape, DType type) { return add(Tensor::zeros(shape, type), x); }

}  // namespace

Tensor sum(const Tensor& x, int axis) {
  axis = x.shape().normal(axis);
  const int64_t outer = x.shape().product(0, axis), inner = x.shape().product(axis + 1, x.rank());
  Tensor out = cast(summed(x, outer, x.dim(axis), inner).reshape(kept(x.shape(), axis)), x.dtype());
  if (GradScope::wants({&x}))
    GradScope::record(out, {x}, [shape = x.shape(), type = x.dtype()](const Tensor& grad) { return std::vector{spread(grad, shape, type)}; });
  return out;
}

Tensor mean(const Tensor& x, int axis) { return affine(sum(x, axis), 1.0F / static_cast<float>(x.dim(axis))); }

Tensor sum(const Tensor& x) {
  Tensor out = summed(x, 1, x.elements(), 1).reshape({});
  if (GradScope::wants({&x}))
    GradScope::record(out, {x}, [shape = x.shape(), type = x.dtype()](const Tensor& grad) { return std::vector{spread(grad, shape, type)}; });
  return out;
}

Tensor mean(const Tensor& x) { return affine(sum(x), 1.0F / static_cast<float>(x.elements())); }

Tensor max(const Tensor& x, int axis) {
  axis = x.shape().normal(axis);
  PTAH_CHECK(x.dim(axis) > 0, "max over an empty axis of {}", x.shape().str());
  const int64_t outer = x.shape().product(0, axis), n = x.dim(axis), inner = x.shape().product(axis + 1, x.rank());
  const Tensor wide = cast(x.detach(), DType::f32);
  Tensor values = Tensor::empty(kept(x.shape(), axis)), where = Tensor::empty(kept(x.shape(), axis), DType::i32);
  parallel_for(outer * inner, n, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const float* from = wide.data<float>() + i / inner * n * inner + i % inner;
      int64_t best = 0;
      for (int64_t j = 1; j < n; ++j)
        if (from[j * inner] > from[best * inner]) best = j;
      values.data<float>()[i] = from[best * inner];
      where.data<int32_t>()[i] = static_cast<int32_t>(best);
    }
  });
  Tensor out = cast(values, x.dtype());
  if (GradScope::wants({&x}))
    GradScope::record(out, {x}, [shape = x.shape(), type = x.dtype(), where, n, inner](const Tensor& grad) {
      const Tensor g = cast(grad, DType::f32);
      Tensor dx = Tensor::zeros(shape);
      parallel_for(where.elements(), 1, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) dx.data<float>()[(i / inner * n + where.data<int32_t>()[i]) * inner + i % inner] = g.data<float>()[i];
      });
      return std::vector{cast(dx, type)};
    });
  return out;
}

Tensor sum_to(const Tensor& x, const Shape& shape) {
  const NoGrad off;
  Tensor out = x;
  const int lead = x.rank() - shape.rank();
  PTAH_CHECK(lead >= 0, "cannot sum {} to {}", x.shape().str(), shape.str());
  int axis = 0;
  while (axis < x.rank()) {  // runs of neighbouring axes are summed together
    const auto repeated = [&](int a) { return (a < lead || shape[a - lead] == 1) && x.dim(a) != 1; };
    if (!repeated(axis)) {
      ++axis;
      continue;
    }
    int last = axis;
    while (last < x.rank() && (repeated(last) || x.dim(last) == 1)) ++last;
    Shape after = out.shape();
    for (int a = axis; a < last; ++a) after[a] = 1;
    out = summed(out, out.shape().product(0, axis), out.shape().product(axis, last), out.shape().product(last, out.rank())).reshape(after);
    axis = last;
  }
  return cast(out, DType::f32).reshape(shape);
}

}  // namespace ptah
#endif
