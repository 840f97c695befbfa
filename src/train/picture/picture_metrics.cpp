#include "train/picture/picture_metrics.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <vector>

#include "tensor/ops.h"

namespace ptah {

std::pair<double, double> retrieval(const Tensor& pictures, const Tensor& prompts) {
  PTAH_CHECK(pictures.rank() == 2 && pictures.shape() == prompts.shape() && pictures.dim(0) > 0, "retrieval: pictures {} and prompts {}",
             pictures.shape().str(), prompts.shape().str());
  const Tensor near = matmul(pictures, prompts, {.transpose_b = true});
  const int64_t count = near.dim(0);
  double first = 0, fifth = 0;
  for (int64_t i = 0; i < count; ++i) {
    const float* row = near.data<float>() + i * count;
    const auto above = std::count_if(row, row + count, [&](float v) { return v > row[i]; });
    first += above < 1;
    fifth += above < 5;
  }
  return {first / static_cast<double>(count), fifth / static_cast<double>(count)};
}

namespace {

/// Square, symmetric, row by row.
using Matrix = std::vector<double>;

struct Normal {
  std::vector<double> mean;
  Matrix covariance;
};

Normal fitted_normal(const Tensor& vectors) {
  const int64_t n = vectors.dim(0), width = vectors.dim(1);
  Normal out{std::vector<double>(static_cast<size_t>(width)), Matrix(static_cast<size_t>(width * width))};
  const float* rows = vectors.data<float>();
  for (int64_t i = 0; i < n; ++i)
    for (int64_t c = 0; c < width; ++c) out.mean[static_cast<size_t>(c)] += static_cast<double>(rows[i * width + c]) / static_cast<double>(n);
  for (int64_t i = 0; i < n; ++i)
    for (int64_t c = 0; c < width; ++c) {
      const double x = static_cast<double>(rows[i * width + c]) - out.mean[static_cast<size_t>(c)];
      for (int64_t d = 0; d < width; ++d)
        out.covariance[static_cast<size_t>(c * width + d)] +=
            x * (static_cast<double>(rows[i * width + d]) - out.mean[static_cast<size_t>(d)]) / static_cast<double>(n - 1);
    }
  return out;
}

/// Eigenvalues of a symmetric matrix, and its eigenvectors as the rows of `vectors`: cyclic Jacobi rotations (Golub and Van Loan, Matrix Computations, 8.5).
std::vector<double> eigenvalues(Matrix a, size_t n, Matrix& vectors) {
  vectors.assign(n * n, 0);
  for (size_t i = 0; i < n; ++i) vectors[i * n + i] = 1;
  double whole = 0;
  for (const double v : a) whole += v * v;
  for (int sweep = 0; sweep < 60; ++sweep) {
    double off = 0;
    for (size_t p = 0; p < n; ++p)
      for (size_t q = p + 1; q < n; ++q) off += a[p * n + q] * a[p * n + q];
    if (off <= 1e-24 * whole) break;
    for (size_t p = 0; p < n; ++p)
      for (size_t q = p + 1; q < n; ++q) {
        const double apq = a[p * n + q];
        if (std::abs(apq) < 1e-300) continue;
        const double theta = (a[q * n + q] - a[p * n + p]) / (2 * apq);
        const double t = (theta >= 0 ? 1 : -1) / (std::abs(theta) + std::sqrt(theta * theta + 1)), c = 1 / std::sqrt(t * t + 1), s = t * c;
        for (size_t k = 0; k < n; ++k) {
          const double kp = a[k * n + p], kq = a[k * n + q];
          a[k * n + p] = c * kp - s * kq;
          a[k * n + q] = s * kp + c * kq;
        }
        for (size_t k = 0; k < n; ++k) {
          const double pk = a[p * n + k], qk = a[q * n + k];
          a[p * n + k] = c * pk - s * qk;
          a[q * n + k] = s * pk + c * qk;
          const double vp = vectors[p * n + k], vq = vectors[q * n + k];
          vectors[p * n + k] = c * vp - s * vq;
          vectors[q * n + k] = s * vp + c * vq;
        }
      }
  }
  std::vector<double> values(n);
  for (size_t i = 0; i < n; ++i) values[i] = a[i * n + i];
  return values;
}

Matrix product(const Matrix& a, const Matrix& b, size_t n) {
  Matrix out(n * n);
  for (size_t i = 0; i < n; ++i)
    for (size_t k = 0; k < n; ++k)
      for (size_t j = 0; j < n; ++j) out[i * n + j] += a[i * n + k] * b[k * n + j];
  return out;
}

/// The symmetric square root of a covariance; eigenvalues that rounding made negative count as 0.
Matrix square_root(const Matrix& a, size_t n) {
  Matrix vectors;
  const std::vector<double> values = eigenvalues(a, n, vectors);
  Matrix out(n * n);
  for (size_t e = 0; e < n; ++e) {
    const double root = std::sqrt(std::max(values[e], 0.0));
    for (size_t i = 0; i < n; ++i)
      for (size_t j = 0; j < n; ++j) out[i * n + j] += root * vectors[e * n + i] * vectors[e * n + j];
  }
  return out;
}

}  // namespace

double frechet_distance(const Tensor& a, const Tensor& b) {
  PTAH_CHECK(a.rank() == 2 && b.rank() == 2 && a.dim(1) == b.dim(1) && a.dim(0) > 1 && b.dim(0) > 1, "frechet_distance: sets {} and {}", a.shape().str(),
             b.shape().str());
  const auto n = static_cast<size_t>(a.dim(1));
  const Normal first = fitted_normal(a), second = fitted_normal(b);
  double distance = 0;
  for (size_t i = 0; i < n; ++i) {
    distance += (first.mean[i] - second.mean[i]) * (first.mean[i] - second.mean[i]);
    distance += first.covariance[i * n + i] + second.covariance[i * n + i];
  }
  // (Σ₁Σ₂)^½ has the trace of (Σ₁^½ Σ₂ Σ₁^½)^½, which is symmetric.
  const Matrix root = square_root(first.covariance, n);
  Matrix vectors;
  for (const double value : eigenvalues(product(product(root, second.covariance, n), root, n), n, vectors)) distance -= 2 * std::sqrt(std::max(value, 0.0));
  return distance;
}

}  // namespace ptah
