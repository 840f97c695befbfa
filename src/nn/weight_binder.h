// Modules read off the names and shapes of weights: for checkpoints of other people, whose structure is not known beforehand.
#pragma once

#include <string>
#include <vector>

#include "nn/layers.h"

namespace ptah {

struct WeightBinder {
  Weights& weights;
  std::string prefix;
  bool wraps = false;                            ///< of the convolutions
  WeightPacking packing = WeightPacking::plain;  ///< of matrices and kernels that read at least kMinPacked channels

  static constexpr int64_t kMinPacked = 64;

  Scope scope(const std::string& name) const { return Scope(weights, prefix + name); }
  bool has(const std::string& name) const { return weights.all().contains(prefix + name); }
  /// Throws Failure (mismatch), naming what is missing and the nearest name.
  const Shape& shape(const std::string& name) const;
  /// Of one axis, at least 1. Throws Failure (mismatch) if there are fewer axes, or nothing along it.
  int64_t extent(const std::string& name, int axis) const;

  NormArgs norm(const std::string& name, float eps = 1e-5F) const;
  /// The same; throws Failure (mismatch) if the groups do not divide the channels.
  NormArgs group_norm(const std::string& name, int64_t groups, float eps) const;
  /// A matrix in its own dtype. Throws Failure (mismatch) for another rank, or nothing along an axis.
  Tensor matrix(const std::string& name) const;
  Conv2d conv(const std::string& name, int64_t stride = 1) const;
  /// With a bias if there is one.
  Linear linear(const std::string& name) const;
  /// A linear layer that may be stored as a convolution of one pixel.
  Linear pointwise(const std::string& name) const;
  /// Several layers of the same input side by side; all have a bias or none has.
  Linear joined(const std::vector<std::string>& names) const;

 private:
  template <class Layer>
  Layer packed(Layer layer) const;
};

}  // namespace ptah
