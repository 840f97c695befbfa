#include "train/picture/picture_loss.h"

#include <cmath>

#include "base/parallel.h"
#include "tensor/ops.h"

namespace ptah {

namespace {

float sign(float v) { return v > 0 ? 1.0F : v < 0 ? -1.0F : 0.0F; }

struct Level {
  int64_t h, w, c;
  int64_t row() const { return w * c; }
};

/// Σ of both directions' |differences| of d, each as a mean over the batch's elements; the slope is added to g.
double edges(const Level& l, const float* d, float* g, double share) {
  double total = 0;
  const auto along = [&](int64_t rows, int64_t columns, int64_t step, double weight) {
    const auto slope = static_cast<float>(weight);
    double sum = 0;
    for (int64_t y = 0; y < rows; ++y)
      for (int64_t i = y * l.row(); i < y * l.row() + columns * l.c; ++i) {
        const float difference = d[i + step] - d[i];
        sum += std::abs(difference);
        g[i + step] += slope * sign(difference);
        g[i] -= slope * sign(difference);
      }
    total += sum * weight;
  };
  along(l.h, l.w - 1, l.c, share / static_cast<double>(l.h * (l.w - 1) * l.c));
  along(l.h - 1, l.w, l.row(), share / static_cast<double>((l.h - 1) * l.w * l.c));
  return total;
}

void halve(const Level& l, const float* d, float* out) {
  for (int64_t y = 0; y < l.h / 2; ++y)
    for (int64_t x = 0; x < l.w / 2; ++x)
      for (int64_t c = 0; c < l.c; ++c) {
        const float* at = d + 2 * y * l.row() + 2 * x * l.c + c;
        out[(y * (l.w / 2) + x) * l.c + c] = 0.25F * (at[0] + at[l.c] + at[l.row()] + at[l.row() + l.c]);
      }
}

void spread(const Level& l, const float* small, float* g) {
  for (int64_t y = 0; y < l.h; ++y)
    for (int64_t x = 0; x < l.w; ++x)
      for (int64_t c = 0; c < l.c; ++c) g[y * l.row() + x * l.c + c] += 0.25F * small[(y / 2 * (l.w / 2) + x / 2) * l.c + c];
}

}  // namespace

Tensor picture_loss(const Tensor& made, const Tensor& target) {
  PTAH_CHECK(made.shape() == target.shape() && made.rank() == 4 && made.dim(1) % 4 == 0 && made.dim(2) % 4 == 0 && made.dim(1) >= 8 && made.dim(2) >= 8,
             "picture_loss of {} and {}", made.shape().str(), target.shape().str());
  const int64_t n = made.dim(0), size = made.elements() / std::max<int64_t>(n, 1);
  const Level fine{made.dim(1), made.dim(2), made.dim(3)};
  Tensor gradient = Tensor::empty(made.shape());
  std::vector<double> losses(static_cast<size_t>(n));
  parallel_for(n, size * 40, [&](int64_t begin, int64_t end) {
    std::vector<float> d[3], g[3];
    for (int64_t i = begin; i < end; ++i) {
      const double share = 1.0 / static_cast<double>(n);
      const float *a = made.data<float>() + i * size, *b = target.data<float>() + i * size;
      double total = 0;
      Level level = fine;
      for (int s = 0; s < 3; ++s) {
        const auto count = static_cast<size_t>(level.h * level.row());
        d[s].resize(count);
        g[s].assign(count, 0.0F);
        if (s == 0) {
          const auto slope = static_cast<float>(share / static_cast<double>(size));
          double sum = 0;
          for (int64_t j = 0; j < size; ++j) {
            const float e = a[j] - b[j];
            d[0][static_cast<size_t>(j)] = e;
            sum += std::abs(e) + e * e;
            g[0][static_cast<size_t>(j)] = slope * (sign(e) + 2 * e);
          }
          total += sum * static_cast<double>(slope);
        } else {
          halve({level.h * 2, level.w * 2, level.c}, d[s - 1].data(), d[s].data());
        }
        total += edges(level, d[s].data(), g[s].data(), share);
        level = {level.h / 2, level.w / 2, level.c};
      }
      spread({fine.h / 2, fine.w / 2, fine.c}, g[2].data(), g[1].data());
      spread(fine, g[1].data(), g[0].data());
      std::copy(g[0].begin(), g[0].end(), gradient.data<float>() + i * size);
      losses[static_cast<size_t>(i)] = total;
    }
  });
  double loss = 0;
  for (const double part : losses) loss += part;
  Tensor out = Tensor::full({}, static_cast<float>(loss));
  if (GradScope::wants({&made})) GradScope::record(out, {made}, [gradient](const Tensor& grad) { return std::vector{affine(gradient, grad.item())}; });
  return out;
}

}  // namespace ptah
