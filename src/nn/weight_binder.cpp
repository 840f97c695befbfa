#include "nn/weight_binder.h"

#include <algorithm>

namespace ptah {

const Shape& WeightBinder::shape(const std::string& name) const {
  const auto found = weights.all().find(prefix + name);
  if (found == weights.all().end()) (void)weights.get(prefix + name, {}, Init::zeros, 0);  // throws, saying what is missing
  return found->second.shape();
}

int64_t WeightBinder::extent(const std::string& name, int axis) const {
  const Shape& s = shape(name);
  if (axis >= s.rank() || s[axis] < 1) throw Failure({ErrorCode::mismatch, fmt::format("weights: tensor '{}{}' has shape {}", prefix, name, s.str())});
  return s[axis];
}

NormArgs WeightBinder::norm(const std::string& name, float eps) const {
  const int64_t width = extent(name + ".weight", 0);
  return {f32_parameter(scope(name), "weight", {width}, Init::ones), f32_parameter(scope(name), "bias", {width}, Init::zeros), eps};
}

NormArgs WeightBinder::group_norm(const std::string& name, int64_t groups, float eps) const {
  NormArgs made = norm(name, eps);
  if (groups < 1 || made.weight.elements() % groups)
    throw Failure(
        {ErrorCode::mismatch, fmt::format("weights: '{}{}' has {} channels, no multiple of {} groups", prefix, name, made.weight.elements(), groups)});
  return made;
}

Tensor WeightBinder::matrix(const std::string& name) const { return weights.get(prefix + name, {extent(name, 0), extent(name, 1)}, Init::fan_in, 1); }

template <class Layer>
Layer WeightBinder::packed(Layer layer) const {
  const bool in_8_bits = packing != WeightPacking::plain && layer.weight.dim(1) >= kMinPacked;
  layer.weight.set_packing(in_8_bits ? packing : WeightPacking::own);
  return layer;
}

Conv2d WeightBinder::conv(const std::string& name, int64_t stride) const {
  const std::string weight = name + ".weight";
  Conv2d made(scope(name), extent(weight, 1), extent(weight, 0), extent(weight, 2), stride, 1, has(name + ".bias"));
  made.wraps = wraps;
  return packed(std::move(made));
}

Linear WeightBinder::linear(const std::string& name) const {
  const std::string weight = name + ".weight";
  return packed(Linear(scope(name), extent(weight, 1), extent(weight, 0), has(name + ".bias")));
}

Linear WeightBinder::pointwise(const std::string& name) const {
  const std::string weight = name + ".weight";
  if (shape(weight).rank() == 2) return linear(name);
  const int64_t out = extent(weight, 0), in = extent(weight, 1);
  Linear made;
  made.weight = scope(name).weight("weight", {out, in, 1, 1}, Init::fan_in).reshape({out, in});
  if (has(name + ".bias")) made.bias = f32_parameter(scope(name), "bias", {out}, Init::zeros);
  return packed(std::move(made));
}

Linear WeightBinder::joined(const std::vector<std::string>& names) const {
  std::vector<Tensor> matrices, biases;
  for (const std::string& name : names) {
    const Linear one = pointwise(name);
    matrices.push_back(one.weight);
    if (one.bias.defined()) biases.push_back(one.bias);
  }
  if (!biases.empty() && biases.size() != names.size())
    throw Failure({ErrorCode::mismatch, fmt::format("weights: only some of '{}{}' and its like have a bias", prefix, names[0])});
  Linear made;
  made.weight = stacked(matrices);
  if (!biases.empty()) made.bias = concat(biases, 0);
  return packed(std::move(made));
}

}  // namespace ptah
