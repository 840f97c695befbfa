// Rotary positions (Su et al. 2021, "RoFormer").
#pragma once

#include <span>
#include <vector>

#include "tensor/ops.h"

namespace ptah {

/// How fast each pair of numbers of a head turns, in radians a position: base^(−2 i / (2 · pairs)) / scale / factors[i]. `factors` may be empty.
std::vector<double> rotary_frequencies(int64_t pairs, double base, double scale, std::span<const float> factors);

/// The angles of a sequence of positions; without angles nothing is turned.
struct Rotary {
  Tensor cosines, sines;  ///< f32 [positions, pairs]
  bool halves = true;     ///< pairs are (i, i + pairs), else (2 i, 2 i + 1)

  Rotary() = default;
  Rotary(const std::vector<double>& frequencies, std::span<const int64_t> positions, bool turn_halves);
  /// x [b, positions, heads·d] → the same
  Tensor operator()(const Tensor& x, int64_t heads) const { return cosines.defined() ? rotary(x, heads, cosines, sines, halves) : x; }
};

}  // namespace ptah
