#include "shape/two_sided/two_sided_network.h"

#include <algorithm>
#include <cmath>

#include "base/parallel.h"
#include "pixels/image_tensor.h"
#include "shape/inflate.h"
#include "tensor/device.h"

namespace ptah {

namespace {

constexpr float kShown = 0.5F;  ///< coverage from which a pixel shows the object

/// Left and right exchanged: f32 [n, h, w, c].
Tensor left_for_right(const Tensor& x) {
  const int64_t rows = x.dim(0) * x.dim(1), w = x.dim(2), c = x.dim(3);
  Tensor out = Tensor::empty(x.shape());
  if (DryRun::active()) return out;
  for (int64_t y = 0; y < rows; ++y)
    for (int64_t i = 0; i < w; ++i) std::copy_n(x.data<float>() + (y * w + i) * c, c, out.data<float>() + (y * w + w - 1 - i) * c);
  return out;
}

float covered(const float* seen) { return (seen[3] + 1) / 2; }

}  // namespace

TwoSidedConfig usual_two_sided_config() {
  TwoSidedConfig out;
  out.size = 128;
  out.widths = {24, 48, 80, 128};
  out.blocks = {1, 1, 2, 2};
  return out;
}

Result<TwoSidedConfig> two_sided_config(const Json& json) { return pixel_unet_config(json, "two-sided config"); }

int64_t two_sided_margin(int64_t size) { return std::max<int64_t>(2, size / 32); }

std::vector<float> inflated_heights(const std::vector<float>& cover, int64_t size) {
  Mask mask{size, cover};
  for (int64_t i = 0; i < size; ++i) mask.at(i, 0) = mask.at(i, size - 1) = mask.at(0, i) = mask.at(size - 1, i) = 0;
  std::vector<float> out(cover.size(), 0.0F);
  if (std::none_of(mask.cover.begin(), mask.cover.end(), [](float c) { return c > kShown; })) return out;
  const std::vector<float> squared = round_thickness(mask);
  const float unit = 2 / static_cast<float>(size - 2 * two_sided_margin(size));
  for (size_t i = 0; i < out.size(); ++i) out[i] = std::sqrt(std::max(0.0F, squared[i])) * unit;
  return out;
}

void add_inflated_heights(Tensor& seen) {
  const int64_t n = seen.dim(0), size = seen.dim(1);
  if (DryRun::active()) return;
  for (int64_t k = 0; k < n; ++k) {
    float* at = seen.data<float>() + k * size * size * kTwoSidedInputs;
    std::vector<float> cover(static_cast<size_t>(size * size));
    for (size_t i = 0; i < cover.size(); ++i) cover[i] = covered(at + i * kTwoSidedInputs);
    const std::vector<float> heights = inflated_heights(cover, size);
    for (size_t i = 0; i < cover.size(); ++i) at[i * kTwoSidedInputs + 4] = heights[i];
  }
}

Tensor two_sided_input(const Image& cropped, int64_t size) {
  const int64_t margin = two_sided_margin(size), inner = size - 2 * margin;
  Tensor out = Tensor::full({1, size, size, kTwoSidedInputs}, -1);
  const Tensor fitted = to_sample(cropped, inner);
  if (DryRun::active()) return out;
  for (int64_t y = 0; y < inner; ++y)
    for (int64_t x = 0; x < inner; ++x) {
      float* to = out.data<float>() + ((y + margin) * size + x + margin) * kTwoSidedInputs;
      for (int64_t c = 0; c < 4; ++c) to[c] = std::clamp(fitted.data<float>()[(y * inner + x) * 4 + c], -1.0F, 1.0F);
    }
  add_inflated_heights(out);
  return out;
}

TwoSidedMaps two_sided_maps(const TwoSidedNetwork& network, const Tensor& seen) {
  const NoGrad off;
  const Tensor both = network(concat({seen, left_for_right(seen)}, 0), compute_dtype());
  const Tensor found = affine(add(slice(both, 0, 0, 1), left_for_right(slice(both, 0, 1, 2))), 0.5F);
  TwoSidedMaps out;
  out.size = seen.dim(1);
  if (DryRun::active()) return out;
  const auto pixels = static_cast<size_t>(out.size * out.size);
  out.inside.resize(pixels);
  out.front.resize(pixels);
  out.back.resize(pixels);
  out.back_colours.resize(pixels);
  const auto number = [](float v) { return std::isfinite(v) ? std::clamp(v, -4.0F, 4.0F) : 0.0F; };  // weights may be anything
  for (size_t i = 0; i < pixels; ++i) {
    const float *from = seen.data<float>() + i * kTwoSidedInputs, *said = found.data<float>() + i * kTwoSidedOutputs;
    const float alpha = covered(from);
    out.inside[i] = alpha > kShown;
    if (!out.inside[i]) continue;
    out.front[i] = number(said[0]);
    out.back[i] = number(said[1]);
    for (size_t c = 0; c < 3; ++c) out.back_colours[i][c] = std::clamp((from[c] + 1) / 2 / alpha + number(said[2 + c]), 0.0F, 1.0F);
  }
  return out;
}

}  // namespace ptah
