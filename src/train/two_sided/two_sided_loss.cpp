#include <algorithm>

#include "tensor/ops.h"
#include "train/matting/matting_trainer.h"
#include "train/two_sided/two_sided_trainer.h"

namespace ptah {

namespace {

Tensor neighbour_differences(const Tensor& x, int axis) { return sub(slice(x, axis, 1, x.dim(axis)), slice(x, axis, 0, x.dim(axis) - 1)); }
Tensor lesser_of_neighbours(const Tensor& x, int axis) { return minimum(slice(x, axis, 1, x.dim(axis)), slice(x, axis, 0, x.dim(axis) - 1)); }

/// Sum of |errors| by weight.
Tensor weighted_error(const Tensor& errors, const Tensor& weights) { return sum(mul(abs(errors), weights)); }

}  // namespace

TwoSidedBatch two_sided_batch(const std::vector<TwoSidedView>& views) {
  const auto n = static_cast<int64_t>(views.size());
  const int64_t size = views.front().size, pixels = size * size;
  TwoSidedBatch out{Tensor::empty({n, size, size, kTwoSidedInputs}), Tensor::zeros({n, size, size, kTwoSidedOutputs}), Tensor::zeros({n, size, size, 1})};
  Tensor cover = Tensor::empty({n, size, size, 1});
  for (int64_t k = 0; k < n; ++k) {
    const TwoSidedView& view = views[static_cast<size_t>(k)];
    PTAH_CHECK(view.size == size, "two-sided batch: views of {} and {} pixels", view.size, size);
    for (int64_t i = 0; i < pixels; ++i) {
      std::copy_n(view.seen.data() + i * 4, 4, out.seen.data<float>() + (k * pixels + i) * kTwoSidedInputs);
      cover.data<float>()[k * pixels + i] = view.cover[static_cast<size_t>(i)];
    }
  }
  add_inflated_heights(out.seen);
  const Tensor edges = edge_weights(cover);
  for (int64_t k = 0; k < n; ++k) {
    const TwoSidedView& view = views[static_cast<size_t>(k)];
    for (int64_t i = 0; i < pixels; ++i) {
      const auto at = static_cast<size_t>(i);
      if (view.cover[at] <= 0.5F) continue;
      float* wanted = out.wanted.data<float>() + (k * pixels + i) * kTwoSidedOutputs;
      const float inflated = out.seen.data<float>()[(k * pixels + i) * kTwoSidedInputs + 4];
      wanted[0] = view.front[at] - inflated;
      wanted[1] = view.back[at] + inflated;
      for (size_t c = 0; c < 3; ++c) wanted[2 + c] = view.back_colours[at][c] - view.front_colours[at][c];
      out.weights.data<float>()[k * pixels + i] = 1 + (edges.data<float>()[k * pixels + i] - 1) / 4;
    }
  }
  return out;
}

Tensor two_sided_loss(const Tensor& found, const TwoSidedBatch& batch) {
  constexpr float kColours = 0.5F, kSlopes = 2;
  const Tensor errors = sub(found, batch.wanted), depths = slice(errors, 3, 0, 2), colours = slice(errors, 3, 2, kTwoSidedOutputs);
  const Tensor all = affine(sum(batch.weights), 1, 1e-6F);
  Tensor loss = affine(weighted_error(depths, batch.weights), 0.5F);
  loss = add(loss, affine(weighted_error(colours, batch.weights), kColours / 3));
  for (const int axis : {1, 2})
    loss = add(loss, affine(weighted_error(neighbour_differences(depths, axis), lesser_of_neighbours(batch.weights, axis)), kSlopes / 4));
  return div(loss, all);
}

}  // namespace ptah
