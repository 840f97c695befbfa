// Losses. Each is a mean, f32.
#include <cmath>

#include "base/parallel.h"
#include "tensor/ops.h"

namespace ptah {

Tensor cross_entropy(const Tensor& logits, const Tensor& targets) {
  PTAH_CHECK(logits.rank() >= 1 && targets.dtype() == DType::i32 && targets.elements() * logits.dim(-1) == logits.elements(),
             "cross_entropy: logits {} and targets {}", logits.shape().str(), targets.shape().str());
  const int64_t classes = logits.dim(-1), rows = targets.elements();
  Tensor log_probability;
  {
    const NoGrad off;
    log_probability = log_softmax(cast(logits, DType::f32));
  }
  double total = 0;
  int64_t counted = 0;
  if (!DryRun::active())
    for (int64_t i = 0; i < rows; ++i) {
      const int32_t target = targets.data<int32_t>()[i];
      PTAH_CHECK(target < classes, "target {} of {} classes", target, classes);
      if (target < 0) continue;
      total -= log_probability.data<float>()[i * classes + target];
      ++counted;
    }
  Tensor out = Tensor::full({}, counted ? static_cast<float>(total / static_cast<double>(counted)) : 0.0F);
  if (GradScope::wants({&logits}))
    GradScope::record(out, {logits}, [log_probability, targets, classes, rows, counted, type = logits.dtype(), shape = logits.shape()](const Tensor& grad) {
      const NoGrad off;
      Tensor dx = exp(log_probability);
      const float factor = counted ? grad.item() / static_cast<float>(counted) : 0.0F;
      parallel_for(rows, classes, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          float* row = dx.data<float>() + i * classes;
          const int32_t target = targets.data<int32_t>()[i];
          for (int64_t c = 0; c < classes; ++c) row[c] = target < 0 ? 0.0F : (row[c] - (c == target ? 1.0F : 0.0F)) * factor;
        }
      });
      return std::vector{cast(dx, type).reshape(shape)};
    });
  return out;
}

namespace {

/// Mean of f(a − b), with f'(a − b)·grad/count handed to both sides.
Tensor difference_loss(const Tensor& a, const Tensor& b, Tensor (*value)(const Tensor&), Tensor (*slope)(const Tensor&)) {
  PTAH_CHECK(a.shape() == b.shape(), "loss: {} and {}", a.shape().str(), b.shape().str());
  Tensor difference, out;
  {
    const NoGrad off;
    difference = sub(a, b);
    out = mean(value(difference));
  }
  if (GradScope::wants({&a, &b}))
    GradScope::record(out, {a, b}, [difference, slope, other = b.dtype()](const Tensor& grad) {
      const Tensor da = affine(slope(difference), grad.item() / static_cast<float>(difference.elements()));
      return std::vector{da, cast(affine(da, -1), other)};
    });
  return out;
}

}  // namespace

Tensor mse_loss(const Tensor& a, const Tensor& b) {
  return difference_loss(
      a, b, [](const Tensor& d) { return square(d); }, [](const Tensor& d) { return affine(d, 2); });
}

Tensor l1_loss(const Tensor& a, const Tensor& b) {
  return difference_loss(
      a, b, [](const Tensor& d) { return abs(d); },
      [](const Tensor& d) { return minimum(maximum(affine(d, 1e30F), Tensor::full({}, -1)), Tensor::full({}, 1)); });
}

}  // namespace ptah
