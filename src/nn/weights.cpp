#include "nn/weights.h"

#include <cmath>

#include "base/parallel.h"
#include "base/sha256.h"
#include "base/file.h"
#include "base/text.h"
#include "tensor/ops.h"

namespace ptah {

Weights Weights::fresh(uint64_t seed) {
  Weights weights;
  weights.fresh_ = true;
  weights.seed_ = seed;
  return weights;
}

namespace {

Tensor initial(const std::string& name, const Shape& shape, Init init, float scale, uint64_t seed) {
  const Digest digest = sha256(as_bytes(name));
  uint64_t stream = 0;
  for (int i = 0; i < 8; ++i) stream = stream << 8 | digest[static_cast<size_t>(i)];
  switch (init) {
    case Init::zeros:
      return Tensor::zeros(shape);
    case Init::ones:
      return Tensor::full(shape, 1);
    case Init::normal:
      return affine(Tensor::normal(shape, seed, stream), scale);
    case Init::fan_in: {
      // A normal cut at two deviations, of the deviation that keeps a linear layer's variance.
      const auto inputs = static_cast<float>(std::max<int64_t>(1, shape.product(1, shape.rank())));
      const Tensor noise = Tensor::normal(shape, seed, stream);
      return affine(minimum(maximum(noise, Tensor::full({}, -2)), Tensor::full({}, 2)), scale / std::sqrt(inputs));
    }
  }
  return {};
}

}  // namespace

Tensor Weights::get(const std::string& name, const Shape& shape, Init init, float scale) {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) {
    if (fresh_) return tensors_.emplace(name, initial(name, shape, init, scale, seed_)).first->second;
    std::vector<std::string> names;
    for (const auto& [existing, tensor] : tensors_) names.push_back(existing);
    throw Failure({ErrorCode::mismatch, fmt::format("weights: tensor '{}' is missing; nearest: '{}'", name, nearest(name, names))});
  }
  used_[name] = true;
  if (found->second.shape() != shape)
    throw Failure({ErrorCode::mismatch, fmt::format("weights: tensor '{}' has shape {}; expected {}", name, found->second.shape().str(), shape.str())});
  return found->second;
}

Tensor stacked(const std::vector<Tensor>& parts) {
  Shape shape = parts.at(0).shape();
  bool alike = true;
  for (size_t i = 1; i < parts.size(); ++i) {
    const Shape& other = parts[i].shape();
    bool fits = other.rank() == shape.rank() && other.rank() > 0;
    for (int axis = 1; fits && axis < other.rank(); ++axis) fits = other[axis] == shape[axis];
    if (!fits)
      throw Failure(
          {ErrorCode::mismatch, fmt::format("weights: tensors of shapes {} and {} cannot stand one below the other", parts[0].shape().str(), other.str())});
    shape[0] += other[0];
    alike = alike && parts[i].dtype() == parts[0].dtype();
  }
  const DType type = alike ? parts[0].dtype() : DType::f32;
  return Tensor::lazy(shape, type, [parts, type] {
    const NoGrad off;
    std::vector<Tensor> passing;
    for (const Tensor& part : parts) passing.push_back(cast(passing_numbers(part), type));
    Tensor whole = concat(passing, 0);
    for (const Tensor& part : parts)
      if (part.body()->constant && !part.body()->lazy) forget_mapped(part.raw(), part.bytes());
    return whole;
  });
}

std::map<std::string, Tensor> Weights::as(DType type) const {
  std::map<std::string, Tensor> out;
  for (const auto& [name, tensor] : tensors_) out.emplace(name, cast(tensor.detach(), type));
  return out;
}

std::vector<std::string> Weights::unused() const {
  std::vector<std::string> out;
  for (const auto& [name, tensor] : tensors_)
    if (!fresh_ && !used_.contains(name)) out.push_back(name);
  return out;
}

}  // namespace ptah
