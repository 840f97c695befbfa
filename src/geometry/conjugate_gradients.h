// Sparse symmetric systems, on the cells of a grid or in general, solved by conjugate gradients (Hestenes and Stiefel 1952).
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace ptah {

/// (A·x)[i] = diagonal[i] · x[i] − the sum of x over the linked cells.
struct GridSystem {
  std::vector<std::array<int32_t, 4>> links;  ///< neighbours' places in the list of cells, −1 where there is none; symmetric
  std::vector<float> diagonal;                ///< at least the number of links
};

struct SolverLimits {
  int steps = 1000;
  double relative = 1e-6;  ///< it ends where the weighted square of the residual is this share of the first one,
  double absolute = 0;     ///< or this small
  /// Products are rounded to f32 before they are summed in f64. Only so that what was solved this way once keeps its bits.
  bool short_products = false;
};

/// x with A·x = b, by conjugate gradients from 0, preconditioned by the diagonal (1 where it is less). Where A is singular (a part of the grid whose diagonal
/// only counts its links), b has to sum to 0 on it.
std::vector<float> conjugate_gradients(const GridSystem& system, std::vector<float> b, const SolverLimits& limits);

/// A symmetric positive semidefinite matrix by rows: row i has the entries begin[i] to begin[i + 1] and a diagonal of its own.
struct SparseSystem {
  std::vector<uint32_t> begin, column;
  std::vector<double> value, diagonal;  ///< of `diagonal` none is 0
};
/// Solves for two right sides at once, from what x holds, preconditioned by the diagonal. Where A is singular, b has to lie in its range.
void conjugate_gradients(const SparseSystem& system, std::vector<std::array<double, 2>>& x, const std::vector<std::array<double, 2>>& b,
                         const SolverLimits& limits);

}  // namespace ptah
