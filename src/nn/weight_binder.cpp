#include "nn/weight_binder.h"

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

std::pair<Tensor, Tensor> WeightBinder::norm(const std::string& name) const {
  const int64_t width = extent(name + ".weight", 0);
  return {f32_parameter(scope(name), "weight", {width}, Init::ones), f32_parameter(scope(name), "bias", {width}, Init::zeros)};
}

std::pair<Tensor, Tensor> WeightBinder::group_norm(const std::string& name, int64_t groups) const {
  auto made = norm(name);
  if (groups < 1 || made.first.elements() % groups)
    throw Failure({ErrorCode::mismatch, fmt::format("weights: '{}{}' has {} channels, no multiple of {} groups", prefix, name, made.first.elements(), groups)});
  return made;
}

Conv2d WeightBinder::conv(const std::string& name, int64_t stride) const {
  const std::string weight = name + ".weight";
  return Conv2d(scope(name), extent(weight, 1), extent(weight, 0), extent(weight, 2), stride);
}

Linear WeightBinder::linear(const std::string& name) const {
  const std::string weight = name + ".weight";
  return Linear(scope(name), extent(weight, 1), extent(weight, 0), has(name + ".bias"));
}

Linear WeightBinder::pointwise(const std::string& name) const {
  const Shape s = shape(name + ".weight");
  if (s.rank() == 2) return linear(name);
  Linear made;
  if (s.rank() != 4 || s[0] < 1 || s[1] < 1)
    throw Failure({ErrorCode::mismatch, fmt::format("weights: tensor '{}{}.weight' has shape {}", prefix, name, s.str())});
  made.weight = scope(name).weight("weight", {s[0], s[1], 1, 1}, Init::fan_in).reshape({s[0], s[1]});
  if (has(name + ".bias")) made.bias = f32_parameter(scope(name), "bias", {s[0]}, Init::zeros);
  return made;
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
  made.weight = concat(matrices, 0);
  if (!biases.empty()) made.bias = concat(biases, 0);
  return made;
}

}  // namespace ptah
