#include "geometry/conjugate_gradients.h"

#include <algorithm>

namespace ptah {

namespace {

void multiply(const GridSystem& system, const std::vector<float>& x, std::vector<float>& y) {
  for (size_t i = 0; i < x.size(); ++i) {
    float sum = system.diagonal[i] * x[i];
    for (const int32_t link : system.links[i])
      if (link >= 0) sum -= x[static_cast<size_t>(link)];
    y[i] = sum;
  }
}

}  // namespace

std::vector<float> conjugate_gradients(const GridSystem& system, std::vector<float> b, const SolverLimits& limits) {
  const size_t count = b.size();
  std::vector<float> x(count, 0.0F), p(count, 0.0F), q(count), scale(count);
  for (size_t i = 0; i < count; ++i) scale[i] = std::max(system.diagonal[i], 1.0F);
  std::vector<float>& r = b;
  const auto weight = [&](size_t i) {
    return limits.short_products ? static_cast<double>(r[i] * r[i] / scale[i]) : static_cast<double>(r[i] / scale[i]) * static_cast<double>(r[i]);
  };
  const auto product = [&](size_t i) {
    return limits.short_products ? static_cast<double>(p[i] * q[i]) : static_cast<double>(p[i]) * static_cast<double>(q[i]);
  };
  double rho = 0, first = 0;
  for (int step = 0; step < limits.steps; ++step) {
    double next = 0;
    for (size_t i = 0; i < count; ++i) next += weight(i);
    if (step == 0) first = next;
    if (next <= limits.relative * first || next <= limits.absolute) break;
    const auto beta = static_cast<float>(step ? next / rho : 0);
    rho = next;
    for (size_t i = 0; i < count; ++i) p[i] = r[i] / scale[i] + beta * p[i];
    multiply(system, p, q);
    double curvature = 0;
    for (size_t i = 0; i < count; ++i) curvature += product(i);
    if (curvature <= 0) break;
    const auto alpha = static_cast<float>(rho / curvature);
    for (size_t i = 0; i < count; ++i) {
      x[i] += alpha * p[i];
      r[i] -= alpha * q[i];
    }
  }
  return x;
}

void conjugate_gradients(const SparseSystem& system, std::vector<std::array<double, 2>>& x, const std::vector<std::array<double, 2>>& b,
                         const SolverLimits& limits) {
  using Pair = std::array<double, 2>;
  const size_t count = b.size();
  std::vector<Pair> r(count), p(count, Pair{0, 0}), q(count);
  const auto multiply_by = [&](const std::vector<Pair>& from, std::vector<Pair>& to) {
    for (size_t i = 0; i < count; ++i) {
      Pair sum{system.diagonal[i] * from[i][0], system.diagonal[i] * from[i][1]};
      for (uint32_t at = system.begin[i]; at < system.begin[i + 1]; ++at) {
        const Pair& other = from[system.column[at]];
        sum[0] += system.value[at] * other[0];
        sum[1] += system.value[at] * other[1];
      }
      to[i] = sum;
    }
  };
  multiply_by(x, r);
  double first = 0;
  for (size_t i = 0; i < count; ++i) {
    first += (b[i][0] * b[i][0] + b[i][1] * b[i][1]) / system.diagonal[i];
    r[i] = {b[i][0] - r[i][0], b[i][1] - r[i][1]};
  }
  Pair rho{0, 0};
  for (int step = 0; step < limits.steps; ++step) {
    Pair next{0, 0};
    for (size_t i = 0; i < count; ++i)
      for (size_t c = 0; c < 2; ++c) next[c] += r[i][c] * r[i][c] / system.diagonal[i];
    if (next[0] + next[1] <= limits.relative * first || next[0] + next[1] <= limits.absolute) break;
    const Pair beta{step && rho[0] > 0 ? next[0] / rho[0] : 0, step && rho[1] > 0 ? next[1] / rho[1] : 0};
    rho = next;
    for (size_t i = 0; i < count; ++i)
      for (size_t c = 0; c < 2; ++c) p[i][c] = r[i][c] / system.diagonal[i] + beta[c] * p[i][c];
    multiply_by(p, q);
    Pair curvature{0, 0};
    for (size_t i = 0; i < count; ++i)
      for (size_t c = 0; c < 2; ++c) curvature[c] += p[i][c] * q[i][c];
    Pair alpha{0, 0};
    for (size_t c = 0; c < 2; ++c) alpha[c] = curvature[c] > 0 ? rho[c] / curvature[c] : 0;
    for (size_t i = 0; i < count; ++i)
      for (size_t c = 0; c < 2; ++c) {
        x[i][c] += alpha[c] * p[i][c];
        r[i][c] -= alpha[c] * q[i][c];
      }
  }
}

}  // namespace ptah
