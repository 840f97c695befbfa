// Filters that differ from pixel to pixel.
#include <algorithm>
#include <cmath>

#include "base/parallel.h"
#include "base/profile.h"
#include "tensor/ops.h"

namespace ptah {

namespace {

struct FilterTaps {
  int64_t n, h, w, c, edge;
  /// Calls f(pixel of the result, tap, pixel of the picture) for the rows [begin, end) of all pictures.
  template <class F>
  void in_rows(int64_t begin, int64_t end, const F& f) const {
    const int64_t reach = edge / 2;
    for (int64_t row = begin; row < end; ++row)
      for (int64_t x = 0; x < w; ++x)
        for (int64_t tap = 0; tap < edge * edge; ++tap) {
          const int64_t from_y = std::clamp<int64_t>(row % h + tap / edge - reach, 0, h - 1), from_x = std::clamp<int64_t>(x + tap % edge - reach, 0, w - 1);
          f(row * w + x, tap, (row / h * h + from_y) * w + from_x);
        }
  }
};

FilterTaps taps_of(const Tensor& x, const Tensor& weights) {
  PTAH_CHECK(x.rank() == 4 && weights.rank() == 4 && x.dtype() == DType::f32 && weights.dtype() == DType::f32 && x.dim(0) == weights.dim(0) &&
                 x.dim(1) == weights.dim(1) && x.dim(2) == weights.dim(2),
             "local_filter of {} by {}", x.shape().str(), weights.shape().str());
  const auto edge = static_cast<int64_t>(std::lround(std::sqrt(static_cast<double>(weights.dim(3)))));
  PTAH_CHECK(edge * edge == weights.dim(3) && edge % 2 == 1, "local_filter: {} weights a pixel are no square with a middle", weights.dim(3));
  return {x.dim(0), x.dim(1), x.dim(2), x.dim(3), edge};
}

}  // namespace

Tensor local_filter(const Tensor& x, const Tensor& weights) {
  const Operation operation("local_filter");
  const FilterTaps taps = taps_of(x, weights);
  const int64_t count = taps.edge * taps.edge, rows = taps.n * taps.h, work = taps.w * count * taps.c * 2;
  Tensor out = Tensor::zeros(x.shape());
  {
    const float *from = x.data<float>(), *by = weights.data<float>();
    float* to = out.data<float>();
    parallel_for(rows, work, [&](int64_t begin, int64_t end) {
      taps.in_rows(begin, end, [&](int64_t pixel, int64_t tap, int64_t source) {
        for (int64_t c = 0; c < taps.c; ++c) to[pixel * taps.c + c] += by[pixel * count + tap] * from[source * taps.c + c];
      });
    });
  }
  if (GradScope::wants({&x, &weights}))
    GradScope::record(out, {x, weights}, [=, kept = x.detach(), by_kept = weights.detach()](const Tensor& grad) {
      const float *from = kept.data<float>(), *by = by_kept.data<float>(), *up = grad.data<float>();
      Tensor dx = Tensor::zeros(kept.shape()), dweights = Tensor::zeros(by_kept.shape());
      parallel_for(rows, work, [&](int64_t begin, int64_t end) {
        taps.in_rows(begin, end, [&](int64_t pixel, int64_t tap, int64_t source) {
          float sum = 0;
          for (int64_t c = 0; c < taps.c; ++c) sum += up[pixel * taps.c + c] * from[source * taps.c + c];
          dweights.data<float>()[pixel * count + tap] = sum;
        });
      });
      parallel_for(taps.n, taps.h * work, [&](int64_t begin, int64_t end) {
        taps.in_rows(begin * taps.h, end * taps.h, [&](int64_t pixel, int64_t tap, int64_t source) {
          for (int64_t c = 0; c < taps.c; ++c) dx.data<float>()[source * taps.c + c] += by[pixel * count + tap] * up[pixel * taps.c + c];
        });
      });
      return std::vector{dx, dweights};
    });
  return out;
}

}  // namespace ptah
