#include <algorithm>

#include "base/parallel.h"
#include "tensor/ops.h"
#include "train/matting/matting_trainer.h"

namespace ptah {

namespace {

Tensor differences(const Tensor& x, int axis) {
  const int64_t extent = x.dim(axis);
  return sub(slice(x, axis, 1, extent), slice(x, axis, 0, extent - 1));
}

/// Means of five in a row.
void blur_line(const float* from, float* to, int64_t count, int64_t stride) {
  const auto at = [&](int64_t i) { return from[std::clamp<int64_t>(i, 0, count - 1) * stride]; };
  float sum = at(-2) + at(-1) + at(0) + at(1) + at(2);
  for (int64_t i = 0; i < count; ++i) {
    to[i * stride] = sum / 5;
    sum += at(i + 3) - at(i - 2);
  }
}

}  // namespace

Tensor edge_weights(const Tensor& cover) {
  constexpr float kMore = 4;
  const int64_t n = cover.dim(0), h = cover.dim(1), w = cover.dim(2);
  Tensor out = Tensor::empty(cover.shape());
  parallel_for(n, h * w * 8, [&](int64_t begin, int64_t end) {
    std::vector<float> rows(static_cast<size_t>(h * w));
    for (int64_t i = begin; i < end; ++i) {
      const float* from = cover.data<float>() + i * h * w;
      float* to = out.data<float>() + i * h * w;
      for (int64_t y = 0; y < h; ++y) blur_line(from + y * w, rows.data() + y * w, w, 1);
      for (int64_t x = 0; x < w; ++x) blur_line(rows.data() + x, to + x, h, w);
      for (int64_t k = 0; k < h * w; ++k) to[k] = 1 + kMore * std::clamp(8 * to[k] * (1 - to[k]), 0.0F, 1.0F);
    }
  });
  return out;
}

Tensor matting_loss(const Tensor& logits, const Tensor& cover) {
  PTAH_CHECK(logits.rank() == 4 && logits.shape() == cover.shape() && logits.dim(3) == 1, "matting loss: {} and {}", logits.shape().str(), cover.shape().str());
  constexpr float kBoundary = 2;
  const Tensor weights = edge_weights(cover);
  const Tensor entropy = add(sub(relu(logits), mul(logits, cover)), log(affine(exp(affine(abs(logits), -1)), 1, 1)));
  const Tensor weighted = div(sum(mul(entropy, weights)), sum(weights));
  const Tensor p = sigmoid(logits);
  const Shape rows{p.dim(0), p.elements() / p.dim(0)};
  const Tensor found = p.reshape(rows), truth = cover.reshape(rows);
  const Tensor shared = affine(sum(mul(found, truth), 1), 2, 1), all = affine(add(sum(square(found), 1), sum(square(truth), 1)), 1, 1);
  const Tensor dice = affine(mean(div(shared, all)), -1, 1);
  Tensor boundary = l1_loss(differences(p, 1), differences(cover, 1));
  boundary = add(boundary, l1_loss(differences(p, 2), differences(cover, 2)));
  return add(add(weighted, dice), affine(boundary, kBoundary));
}

}  // namespace ptah
