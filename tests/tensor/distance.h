// How far results are from what they should be.
#pragma once

#include <cmath>

#include "tensor/tensor.h"

namespace ptah {

/// Root of the mean squared difference, of the root of the mean square of `truth`.
inline double apart(const Tensor& made, const Tensor& truth) {
  const auto x = made.to_vector(), y = truth.to_vector();
  double squares = 0, size = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    squares += std::pow(static_cast<double>(x[i]) - static_cast<double>(y[i]), 2);
    size += std::pow(static_cast<double>(y[i]), 2);
  }
  return std::sqrt(squares / size);
}

}  // namespace ptah
