// Figures that say how good pictures are.
#pragma once

#include <string>
#include <utility>

#include "tensor/tensor.h"

namespace ptah {

/// Of pictures f32 [n, width] and their prompts f32 [n, width] (vectors of length 1): the share of pictures whose own prompt is the nearest, and among the
/// five nearest. Prompts equally near as the own one do not stand before it.
std::pair<double, double> retrieval(const Tensor& pictures, const Tensor& prompts);

/// Fréchet distance between the normal distributions fitted to two sets of vectors, f32 [n, width] and [m, width]: |μ₁ − μ₂|² + tr(Σ₁ + Σ₂ − 2(Σ₁Σ₂)^½)
/// (Heusel et al. 2017). Few vectors make it too large: compare figures of equal counts only. Computed in f64.
double frechet_distance(const Tensor& a, const Tensor& b);

}  // namespace ptah
