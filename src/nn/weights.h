// Named weights and the scopes that bind modules to them: constructing a model is loading it (or, for training, making it).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tensor/tensor.h"

namespace ptah {

/// How a weight that does not exist yet begins.
enum class Init { zeros, ones, normal, fan_in };

/// All tensors of a model by name.
class Weights {
 public:
  /// For loading: every weight a module asks for must be there.
  explicit Weights(std::map<std::string, Tensor> tensors) : tensors_(std::move(tensors)) {}
  /// For training from nothing: weights are made (f32) as modules ask for them, from Philox(seed) and their name.
  static Weights fresh(uint64_t seed);

  /// The tensor of that name. Throws Failure naming it, and the nearest existing name, if it is missing or of another shape.
  Tensor get(const std::string& name, const Shape& shape, Init init, float scale);
  const std::map<std::string, Tensor>& all() const { return tensors_; }
  /// A copy with every tensor in another dtype.
  std::map<std::string, Tensor> as(DType type) const;
  /// Names that no module asked for.
  std::vector<std::string> unused() const;

 private:
  Weights() = default;
  std::map<std::string, Tensor> tensors_;
  std::map<std::string, bool> used_;
  bool fresh_ = false;
  uint64_t seed_ = 0;
};

/// Weights of equal inner axes one below the other, put together only where they are packed: the parts stay where they lie. Of the first one's dtype, or f32 if
/// the others have another. Throws Failure (mismatch) if they do not fit.
Tensor stacked(const std::vector<Tensor>& parts);

/// A place in the name tree: scope / "blocks" / 3 / "attention".
class Scope {
 public:
  explicit Scope(Weights& weights, std::string prefix = "") : weights_(&weights), prefix_(std::move(prefix)) {}
  Scope operator/(const std::string& name) const { return Scope(*weights_, prefix_.empty() ? name : prefix_ + "." + name); }
  Scope operator/(int index) const { return *this / std::to_string(index); }
  /// scale: standard deviation of `normal`; factor on 1/√fan_in of `fan_in`.
  Tensor weight(const std::string& name, const Shape& shape, Init init, float scale = 1) const {
    return weights_->get((*this / name).prefix_, shape, init, scale);
  }

 private:
  Weights* weights_;
  std::string prefix_;
};

}  // namespace ptah
