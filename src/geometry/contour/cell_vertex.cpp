#include "geometry/contour/cell_vertex.h"

#include <algorithm>
#include <cmath>

namespace ptah::detail {

namespace {

using Matrix = std::array<std::array<double, 3>, 3>;

/// Eigenvalues on the diagonal of a, eigenvectors in the columns of v (cyclic Jacobi rotations).
void diagonalize(Matrix& a, Matrix& v) {
  v = {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
  for (int sweep = 0; sweep < 8; ++sweep) {
    if (std::abs(a[0][1]) + std::abs(a[0][2]) + std::abs(a[1][2]) < 1e-12) return;
    for (size_t p = 0; p < 2; ++p)
      for (size_t q = p + 1; q < 3; ++q) {
        if (std::abs(a[p][q]) < 1e-15) continue;
        const double theta = (a[q][q] - a[p][p]) / (2 * a[p][q]);
        const double t = (theta >= 0 ? 1 : -1) / (std::abs(theta) + std::sqrt(theta * theta + 1)), c = 1 / std::sqrt(t * t + 1), s = t * c;
        for (size_t k = 0; k < 3; ++k) {
          const double kp = a[k][p], kq = a[k][q];
          a[k][p] = c * kp - s * kq;
          a[k][q] = s * kp + c * kq;
        }
        for (size_t k = 0; k < 3; ++k) {
          const double pk = a[p][k], qk = a[q][k];
          a[p][k] = c * pk - s * qk;
          a[q][k] = s * pk + c * qk;
          const double vp = v[k][p], vq = v[k][q];
          v[k][p] = c * vp - s * vq;
          v[k][q] = s * vp + c * vq;
        }
      }
  }
}

constexpr float kSmooth = 0.985F;    // cosine to the mean normal: ten degrees
constexpr double kOpenShare = 0.03;  // of the largest eigenvalue: below, a direction is open

}  // namespace

CellFit fit_cell(std::span<const Crossing> crossings, const Vec3& anchor) {
  CellFit fit{anchor, {}, {}, 1};
  for (const Crossing& c : crossings) fit.normal = fit.normal + c.normal;
  fit.normal = normalized(fit.normal);
  if (std::all_of(crossings.begin(), crossings.end(), [&](const Crossing& c) { return dot(c.normal, fit.normal) > kSmooth; })) return fit;
  Matrix a{}, v;
  std::array<double, 3> b{};
  for (const Crossing& c : crossings) {
    const double off = dot(c.normal, c.point - anchor);
    for (size_t i = 0; i < 3; ++i) {
      b[i] += double{c.normal[i]} * off;
      for (size_t j = 0; j < 3; ++j) a[i][j] += double{c.normal[i]} * c.normal[j];
    }
  }
  diagonalize(a, v);
  const double largest = std::max({a[0][0], a[1][1], a[2][2]});
  fit.rank = 0;
  for (size_t k = 0; k < 3; ++k) {
    if (a[k][k] < kOpenShare * largest) {
      for (size_t i = 0; i < 3; ++i) fit.along[i] = static_cast<float>(v[i][k]);
      continue;
    }
    ++fit.rank;
    const double along = (v[0][k] * b[0] + v[1][k] * b[1] + v[2][k] * b[2]) / a[k][k];
    for (size_t i = 0; i < 3; ++i) fit.point[i] += static_cast<float>(along * v[i][k]);
  }
  return fit;
}

}  // namespace ptah::detail
