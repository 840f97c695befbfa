// Resampling of NHWC pictures: a sparse matrix of taps for each axis, applied one axis after the other.
#include <cmath>
#include <cstring>

#include "base/parallel.h"
#include "base/profile.h"
#include "tensor/ops.h"

namespace ptah {

namespace {

struct Taps {
  std::vector<int64_t> first;              ///< of each output pixel
  std::vector<std::vector<float>> weight;  ///< of its consecutive input pixels
};

double lanczos3(double x) {
  if (x == 0) return 1;
  if (std::abs(x) >= 3) return 0;
  const double p = 3.14159265358979323846 * x;
  return 3 * std::sin(p) * std::sin(p / 3) / (p * p);
}

Taps make_taps(int64_t in, int64_t out, Filter filter) {
  Taps taps;
  const double scale = static_cast<double>(in) / static_cast<double>(out), widen = std::max(1.0, scale);
  const double support = (filter == Filter::lanczos ? 3.0 : 1.0) * widen;
  for (int64_t o = 0; o < out; ++o) {
    const double centre = (static_cast<double>(o) + 0.5) * scale;
    if (filter == Filter::nearest) {
      taps.first.push_back(std::min(in - 1, static_cast<int64_t>(std::floor(static_cast<double>(o) * scale))));
      taps.weight.push_back({1.0F});
      continue;
    }
    const int64_t first = std::max<int64_t>(0, static_cast<int64_t>(std::floor(centre - support + 0.5)));
    const int64_t last = std::min(in, static_cast<int64_t>(std::floor(centre + support + 0.5)));
    std::vector<double> weights;
    double total = 0;
    for (int64_t i = first; i < last; ++i) {
      const double x = (static_cast<double>(i) + 0.5 - centre) / widen;
      weights.push_back(filter == Filter::lanczos ? lanczos3(x) : std::max(0.0, 1 - std::abs(x)));
      total += weights.back();
    }
    std::vector<float> normal;
    for (const double w : weights) normal.push_back(static_cast<float>(w / total));
    taps.first.push_back(first);
    taps.weight.push_back(normal);
  }
  return taps;
}

/// The transpose: from each input pixel to the outputs that read it.
Taps transposed(const Taps& taps, int64_t in) {
  Taps turned;
  turned.first.assign(static_cast<size_t>(in), 0);
  turned.weight.resize(static_cast<size_t>(in));
  for (size_t o = 0; o < taps.first.size(); ++o)
    for (size_t j = 0; j < taps.weight[o].size(); ++j) {
      const size_t i = static_cast<size_t>(taps.first[o]) + j;
      if (turned.weight[i].empty()) turned.first[i] = static_cast<int64_t>(o);
      turned.weight[i].resize(o - static_cast<size_t>(turned.first[i]) + 1, 0.0F);
      turned.weight[i].back() = taps.weight[o][j];
    }
  return turned;
}

/// [outer, in, inner] → [outer, taps, inner]
Tensor apply(const Tensor& x, int64_t outer, int64_t in, int64_t inner, const Taps& taps) {
  const auto out = static_cast<int64_t>(taps.first.size());
  Tensor y = Tensor::empty({outer, out, inner});
  parallel_for(outer * out, inner * 4, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const auto o = static_cast<size_t>(row % out);
      float* to = y.data<float>() + row * inner;
      std::fill_n(to, inner, 0.0F);
      const float* from = x.data<float>() + (row / out * in + taps.first[o]) * inner;
      for (const float w : taps.weight[o]) {
        for (int64_t c = 0; c < inner; ++c) to[c] += w * from[c];
        from += inner;
      }
    }
  });
  return y;
}

/// Whole pixels of [n, h, w, pixel bytes], as the taps (of one pixel each) say.
Tensor picked(const Tensor& x, const Taps& rows, const Taps& columns) {
  const int64_t n = x.dim(0), h = x.dim(1), w = x.dim(2), c = x.dim(3);
  const auto height = static_cast<int64_t>(rows.first.size()), width = static_cast<int64_t>(columns.first.size());
  const size_t pixel = static_cast<size_t>(c) * size_of(x.dtype());
  Tensor y = Tensor::empty({n, height, width, c}, x.dtype());
  parallel_for(n * height, width * c, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const auto* from =
          static_cast<const char*>(x.raw()) + static_cast<size_t>((row / height * h + rows.first[static_cast<size_t>(row % height)]) * w) * pixel;
      auto* to = static_cast<char*>(y.raw()) + static_cast<size_t>(row * width) * pixel;
      for (const int64_t column : columns.first) {
        std::memcpy(to, from + static_cast<size_t>(column) * pixel, pixel);
        to += pixel;
      }
    }
  });
  return y;
}

}  // namespace

Tensor resize(const Tensor& x, int64_t height, int64_t width, Filter filter) {
  const Operation operation("resize");
  PTAH_CHECK(x.rank() == 4 && is_float(x.dtype()) && height > 0 && width > 0 && x.dim(1) > 0 && x.dim(2) > 0, "resize of {} {} to {} × {}", name_of(x.dtype()),
             x.shape().str(), height, width);
  const int64_t n = x.dim(0), h = x.dim(1), w = x.dim(2), c = x.dim(3);
  const Taps rows = make_taps(h, height, filter), columns = make_taps(w, width, filter);
  const auto mixed = [&] {
    const Tensor tall = apply(cast(x.detach(), DType::f32), n, h, w * c, rows);
    return cast(apply(tall, n * height, w, c, columns).reshape({n, height, width, c}), x.dtype());
  };
  Tensor out = filter == Filter::nearest ? picked(x.detach(), rows, columns) : mixed();
  if (GradScope::wants({&x}))
    GradScope::record(out, {x}, [=, type = x.dtype()](const Tensor& grad) {
      const Tensor across = apply(cast(grad, DType::f32), n * height, width, c, transposed(columns, w));
      return std::vector{cast(apply(across, n, height, w * c, transposed(rows, h)).reshape({n, h, w, c}), type)};
    });
  return out;
}

}  // namespace ptah
