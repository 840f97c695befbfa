#include "geometry/conjugate_gradients.h"

#include <gtest/gtest.h>

#include <cmath>

namespace {

/// A square grid; with `extra` on the diagonal it is regular, without it singular (the sum of x is free).
ptah::GridSystem grid(int32_t n, float extra) {
  ptah::GridSystem out;
  for (int32_t y = 0; y < n; ++y)
    for (int32_t x = 0; x < n; ++x) {
      const std::array<int32_t, 4> links{x > 0 ? y * n + x - 1 : -1, x + 1 < n ? y * n + x + 1 : -1, y > 0 ? (y - 1) * n + x : -1,
                                         y + 1 < n ? (y + 1) * n + x : -1};
      float degree = extra;
      for (const int32_t link : links) degree += link >= 0 ? 1.0F : 0.0F;
      out.links.push_back(links);
      out.diagonal.push_back(degree);
    }
  return out;
}

std::vector<float> times(const ptah::GridSystem& a, const std::vector<float>& x) {
  std::vector<float> out;
  for (size_t i = 0; i < x.size(); ++i) {
    float sum = a.diagonal[i] * x[i];
    for (const int32_t link : a.links[i]) sum -= link >= 0 ? x[static_cast<size_t>(link)] : 0;
    out.push_back(sum);
  }
  return out;
}

std::vector<float> waves(size_t count) {
  std::vector<float> out;
  for (size_t i = 0; i < count; ++i) out.push_back(std::sin(static_cast<float>(i) * 0.7F));
  return out;
}

}  // namespace

TEST(ConjugateGradients, FindWhatASystemWasMadeFrom) {
  for (const bool short_products : {false, true}) {
    const ptah::GridSystem a = grid(12, 0.5F);
    const std::vector<float> wanted = waves(144);
    const std::vector<float> found = ptah::conjugate_gradients(a, times(a, wanted), {.steps = 500, .relative = 1e-12, .short_products = short_products});
    for (size_t i = 0; i < wanted.size(); ++i) EXPECT_NEAR(found[i], wanted[i], 1e-4) << i;
  }
}

TEST(ConjugateGradients, SolveASingularSystemWhoseSidesSumToNothing) {
  const ptah::GridSystem a = grid(9, 0);
  const std::vector<float> b = times(a, waves(81));
  const std::vector<float> x = ptah::conjugate_gradients(a, b, {.steps = 500, .relative = 1e-12, .absolute = 1e-20});
  const std::vector<float> again = times(a, x);
  for (size_t i = 0; i < b.size(); ++i) EXPECT_NEAR(again[i], b[i], 1e-4) << i;
}

TEST(ConjugateGradients, StopAtTheirLimits) {
  const ptah::GridSystem a = grid(12, 0.01F);
  const std::vector<float> b = times(a, waves(144));
  const auto error = [&](const ptah::SolverLimits& limits) {
    const std::vector<float> again = times(a, ptah::conjugate_gradients(a, b, limits));
    float out = 0;
    for (size_t i = 0; i < b.size(); ++i) out = std::max(out, std::abs(again[i] - b[i]));
    return out;
  };
  EXPECT_GT(error({.steps = 2}), 10 * error({.steps = 200}));
  EXPECT_GT(error({.steps = 200, .relative = 1e-2}), 10 * error({.steps = 200, .relative = 1e-10}));
  EXPECT_GT(error({.steps = 200, .relative = 0, .absolute = 1}), 10 * error({.steps = 200, .relative = 0, .absolute = 1e-8}));
  EXPECT_TRUE(ptah::conjugate_gradients({}, {}, {}).empty());
}
