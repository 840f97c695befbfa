// The logistic function and its logarithm, exact far from 0.
#pragma once

#include <cmath>

namespace ptah {

/// σ(x) = 1 / (1 + e^−x)
inline double logistic(double x) { return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x)); }
/// −log σ(x)
inline double softplus_of_minus(double x) { return x >= 0 ? std::log1p(std::exp(-x)) : -x + std::log1p(std::exp(x)); }

}  // namespace ptah
