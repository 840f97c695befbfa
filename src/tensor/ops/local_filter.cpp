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
  /// Calls f(pixel of the result, first tap of a row of the filter, first pixel of the picture's row, from_x) for the rows [begin, end) of all pictures,
  /// where from_x(i) is the column that the row's tap i reads.
  template <class F>
  void in_rows(int64_t begin, int64_t end, const F& f) const {
    const int64_t reach = edge / 2;
    for (int64_t row = begin; row < end; ++row) {
      const int64_t sample = row / h * h, y = row - sample;
      for (int64_t x = 0; x < w; ++x)
        for (int64_t ky = 0; ky < edge; ++ky) {
          const int64_t source_row = (sample + std::clamp<int64_t>(y + ky - reach, 0, h - 1)) * w;
          f(row * w + x, ky * edge, source_row, [=, this](int64_t kx) { return std::clamp<int64_t>(x + kx - reach, 0, w - 1); });
        }
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

/// The filtered rows [begin, end) of all pictures; with C > 0 channels the compiler knows how many sums a pixel has. The order of each sum is that of the taps.
template <int64_t C>
void filter_rows(const FilterTaps& taps, const float* from, const float* by, float* to, int64_t begin, int64_t end) {
  const int64_t channels = C > 0 ? C : taps.c, count = taps.edge * taps.edge;
  taps.in_rows(begin, end, [&](int64_t pixel, int64_t tap, int64_t source_row, const auto& from_x) {
    float* const sums = to + pixel * channels;
    const float* const weights = by + pixel * count + tap;
    for (int64_t kx = 0; kx < taps.edge; ++kx) {
      const float* const source = from + (source_row + from_x(kx)) * channels;
      for (int64_t c = 0; c < channels; ++c) sums[c] += weights[kx] * source[c];
    }
  });
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
      if (taps.c == 5) return filter_rows<5>(taps, from, by, to, begin, end);
      if (taps.c == 3) return filter_rows<3>(taps, from, by, to, begin, end);
      filter_rows<0>(taps, from, by, to, begin, end);
    });
  }
  if (GradScope::wants({&x, &weights}))
    GradScope::record(out, {x, weights}, [=, kept = x.detach(), by_kept = weights.detach()](const Tensor& grad) {
      const float *from = kept.data<float>(), *by = by_kept.data<float>(), *up = grad.data<float>();
      Tensor dx = Tensor::zeros(kept.shape()), dweights = Tensor::zeros(by_kept.shape());
      parallel_for(rows, work, [&](int64_t begin, int64_t end) {
        float* const to = dweights.data<float>();
        taps.in_rows(begin, end, [&](int64_t pixel, int64_t tap, int64_t source_row, const auto& from_x) {
          for (int64_t kx = 0; kx < taps.edge; ++kx) {
            float sum = 0;
            for (int64_t c = 0; c < taps.c; ++c) sum += up[pixel * taps.c + c] * from[(source_row + from_x(kx)) * taps.c + c];
            to[pixel * count + tap + kx] = sum;
          }
        });
      });
      parallel_for(taps.n, taps.h * work, [&](int64_t begin, int64_t end) {
        float* const to = dx.data<float>();
        taps.in_rows(begin * taps.h, end * taps.h, [&](int64_t pixel, int64_t tap, int64_t source_row, const auto& from_x) {
          for (int64_t kx = 0; kx < taps.edge; ++kx)
            for (int64_t c = 0; c < taps.c; ++c) to[(source_row + from_x(kx)) * taps.c + c] += by[pixel * count + tap + kx] * up[pixel * taps.c + c];
        });
      });
      return std::vector{dx, dweights};
    });
  return out;
}

}  // namespace ptah
