// Pooling of NHWC pictures.
#include <algorithm>
#include <cmath>

#include "base/parallel.h"
#include "tensor/ops.h"

namespace ptah {

namespace {

struct Geometry {
  int64_t n, h, w, c, out_h, out_w;
};

Geometry geometry(const Tensor& x, const PoolArgs& args) {
  PTAH_CHECK(x.rank() == 4 && is_float(x.dtype()) && args.kernel > 0 && args.stride > 0 && args.padding >= 0 && 2 * args.padding <= args.kernel,
             "pool of {} with kernel {}, stride {}, padding {}", x.shape().str(), args.kernel, args.stride, args.padding);
  const auto extent = [&](int64_t in) { return (in + 2 * args.padding - args.kernel) / args.stride + 1; };
  PTAH_CHECK(x.dim(1) + 2 * args.padding >= args.kernel && x.dim(2) + 2 * args.padding >= args.kernel, "pool: kernel {} over {}", args.kernel, x.shape().str());
  return {x.dim(0), x.dim(1), x.dim(2), x.dim(3), extent(x.dim(1)), extent(x.dim(2))};
}

/// Calls f(flat index of the result's pixel, flat index of an input pixel) for all pairs of the result's rows [begin, end) of all samples.
template <class F>
void taps_of_rows(const Geometry& g, const PoolArgs& args, int64_t begin, int64_t end, const F& f) {
  for (int64_t row = begin; row < end; ++row) {
    const int64_t sample = row / g.out_h, top = (row - sample * g.out_h) * args.stride - args.padding;
    for (int64_t ox = 0; ox < g.out_w; ++ox)
      for (int64_t y = std::max<int64_t>(top, 0); y < std::min(top + args.kernel, g.h); ++y)
        for (int64_t left = ox * args.stride - args.padding, x = std::max<int64_t>(left, 0); x < std::min(left + args.kernel, g.w); ++x)
          f(row * g.out_w + ox, (sample * g.h + y) * g.w + x);
  }
}

/// What a row of the result costs, as parallel_for's.
int64_t row_cost(const Geometry& g, const PoolArgs& args) { return g.out_w * args.kernel * args.kernel * g.c; }

/// For what adds to the result's pixels only: row by row in parallel.
template <class F>
void for_taps(const Geometry& g, const PoolArgs& args, const F& f) {
  parallel_for(g.n * g.out_h, row_cost(g, args), [&](int64_t begin, int64_t end) { taps_of_rows(g, args, begin, end, f); });
}
/// For what adds to the input's pixels, which several of the result's may share: sample by sample in parallel.
template <class F>
void for_taps_by_sample(const Geometry& g, const PoolArgs& args, const F& f) {
  parallel_for(g.n, g.out_h * row_cost(g, args), [&](int64_t begin, int64_t end) { taps_of_rows(g, args, begin * g.out_h, end * g.out_h, f); });
}

}  // namespace

Tensor avg_pool2d(const Tensor& x, PoolArgs args) {
  const Geometry g = geometry(x, args);
  const Tensor wide = cast(x.detach(), DType::f32);
  const float share = 1.0F / static_cast<float>(args.kernel * args.kernel);
  Tensor sums = Tensor::zeros({g.n, g.out_h, g.out_w, g.c});
  for_taps(g, args, [&](int64_t to, int64_t from) {
    for (int64_t c = 0; c < g.c; ++c) sums.data<float>()[to * g.c + c] += share * wide.data<float>()[from * g.c + c];
  });
  Tensor out = cast(sums, x.dtype());
  if (GradScope::wants({&x}))
    GradScope::record(out, {x}, [=, shape = x.shape(), type = x.dtype()](const Tensor& grad) {
      const Tensor up = cast(grad, DType::f32);
      Tensor dx = Tensor::zeros(shape);
      for_taps_by_sample(g, args, [&](int64_t to, int64_t from) {
        for (int64_t c = 0; c < g.c; ++c) dx.data<float>()[from * g.c + c] += share * up.data<float>()[to * g.c + c];
      });
      return std::vector{cast(dx, type)};
    });
  return out;
}

Tensor max_pool2d(const Tensor& x, PoolArgs args) {
  const Geometry g = geometry(x, args);
  const Tensor wide = cast(x.detach(), DType::f32);
  Tensor values = Tensor::full({g.n, g.out_h, g.out_w, g.c}, -INFINITY);
  Tensor where = Tensor::zeros(values.shape(), DType::i32);
  for_taps(g, args, [&](int64_t to, int64_t from) {
    for (int64_t c = 0; c < g.c; ++c) {
      const float v = wide.data<float>()[from * g.c + c];
      if (v <= values.data<float>()[to * g.c + c]) continue;
      values.data<float>()[to * g.c + c] = v;
      where.data<int32_t>()[to * g.c + c] = static_cast<int32_t>(from);
    }
  });
  Tensor out = cast(values, x.dtype());
  if (GradScope::wants({&x}))
    GradScope::record(out, {x}, [=, shape = x.shape(), type = x.dtype()](const Tensor& grad) {
      const Tensor up = cast(grad, DType::f32);
      Tensor dx = Tensor::zeros(shape);
      const int64_t per_sample = g.out_h * g.out_w;
      parallel_for(g.n, per_sample * g.c, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin * per_sample; i < end * per_sample; ++i)
          for (int64_t c = 0; c < g.c; ++c) dx.data<float>()[where.data<int32_t>()[i * g.c + c] * g.c + c] += up.data<float>()[i * g.c + c];
      });
      return std::vector{cast(dx, type)};
    });
  return out;
}

}  // namespace ptah
