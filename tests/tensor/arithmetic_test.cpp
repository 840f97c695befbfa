// The versions of the arithmetic that receipts name.
#include <gtest/gtest.h>

#include <cmath>

#include "tensor/device.h"
#include "tensor/ops.h"

namespace ptah {
namespace {

double max_relative_error(int version) {
  const ArithmeticScope scope(version);
  Tensor x = Tensor::empty({40001});
  for (int64_t i = 0; i < x.elements(); ++i) x.data<float>()[i] = -80.0F + 0.004F * static_cast<float>(i);
  const Tensor y = sigmoid(x);
  double max_error = 0;
  for (int64_t i = 0; i < x.elements(); ++i) {
    const double wanted = 1 / (1 + std::exp(-static_cast<double>(x.data<float>()[i])));
    max_error = std::max(max_error, std::abs(y.data<float>()[i] - wanted) / wanted);
  }
  return max_error;
}

TEST(Arithmetic, ReciprocalsAreExactInEveryVersion) {
  for (int version = 1; version <= kArithmeticVersion; ++version) EXPECT_LT(max_relative_error(version), 6e-7) << version;
}

TEST(Arithmetic, TheEndsOfTheSigmoidAreZeroAndOne) {
  Tensor x = Tensor::empty({4});
  const float ends[] = {-INFINITY, -100, 100, INFINITY};
  std::copy(ends, ends + 4, x.data<float>());
  const Tensor y = sigmoid(x);
  for (int i = 0; i < 2; ++i) {
    EXPECT_GE(y.data<float>()[i], 0);
    EXPECT_LT(y.data<float>()[i], 1e-35F);
    EXPECT_FLOAT_EQ(y.data<float>()[2 + i], 1);
  }
}

TEST(Arithmetic, APathNamesItsVersion) {
  const std::string now = numeric_path();
  EXPECT_TRUE(now.ends_with("-3")) << now;
  EXPECT_EQ(arithmetic_version(now), 3);
  {
    const ArithmeticScope scope(1);
    EXPECT_EQ(numeric_path() + "-3", now);
    EXPECT_EQ(arithmetic_version(numeric_path()), 1);
  }
  EXPECT_EQ(numeric_path(), now);
  EXPECT_EQ(arithmetic_version("avx2-f32-2"), 2);
  EXPECT_EQ(arithmetic_version("avx2-f32-4"), 0);
  EXPECT_EQ(arithmetic_version("abacus"), 0);
}

TEST(Arithmetic, EarlierWorksAreMadeWithTheirs) {
  // The two versions differ somewhere in the last bit on any processor whose estimate is not exact: if not, the scope does nothing.
  Tensor x = Tensor::empty({4096});
  for (int64_t i = 0; i < x.elements(); ++i) x.data<float>()[i] = -8.0F + 0.004F * static_cast<float>(i);
  const Tensor now = sigmoid(x);
  const ArithmeticScope scope(1);
  const Tensor before = sigmoid(x);
  int64_t other = 0;
  for (int64_t i = 0; i < x.elements(); ++i) other += now.data<float>()[i] != before.data<float>()[i];
  EXPECT_GT(other, 0);
}

}  // namespace
}  // namespace ptah
