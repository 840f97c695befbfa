#include "nn/discriminator.h"

namespace ptah {

namespace {

constexpr float kSlope = 0.2F;

}  // namespace

PatchDiscriminator::PatchDiscriminator(const Scope& scope, int64_t channels, const std::vector<int64_t>& widths)
    : in_(scope / "in", channels * 16, widths.at(0), 3, 1, 1.4F), out_(scope / "out", widths.back(), 1, 3) {
  for (size_t i = 1; i < widths.size(); ++i) down_.emplace_back(scope / "down" / static_cast<int>(i - 1), widths[i - 1], widths[i], 3, 2, 1.4F);
}

Tensor PatchDiscriminator::operator()(const Tensor& x) const {
  Tensor h = leaky_relu(in_(pixel_unshuffle(x, 4)), kSlope);
  for (const Conv2d& down : down_) h = leaky_relu(down(h), kSlope);
  return cast(out_(h), DType::f32);
}

Tensor discriminator_loss(const Tensor& true_scores, const Tensor& made_scores) {
  return add(mean(relu(affine(true_scores, -1, 1))), mean(relu(affine(made_scores, 1, 1))));
}

Tensor generator_loss(const Tensor& made_scores) { return affine(mean(made_scores), -1); }

Tensor relativistic_loss(const Tensor& preferred, const Tensor& other) {
  const Tensor lag = sub(other, preferred);  // log(1 + eˣ) = max(x, 0) + log(1 + e^−|x|), which does not overflow
  return mean(add(relu(lag), log(affine(exp(affine(abs(lag), -1)), 1, 1))));
}

Tensor gradient_penalty(const Tensor& scores, const Tensor& nudged_scores, float deviation) {
  return affine(mean(square(sub(scores, nudged_scores))), 1 / (deviation * deviation));
}

}  // namespace ptah
