// Convolutions by Winograd's transforms against the same convolutions computed directly.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "base/memory.h"
#include "base/parallel.h"
#include "distance.h"
#include "tensor/ops.h"
#include "tensor/device.h"

namespace ptah {

namespace {

struct Case {
  int64_t batch, height, width, in, out, padding;
  bool bias, residual;
};
constexpr Case kCases[] = {{1, 16, 16, 32, 64, 1, true, true}, {2, 24, 20, 64, 128, 1, true, false}, {3, 17, 23, 96, 64, 1, false, true},
                           {1, 19, 12, 32, 64, 0, true, true}, {1, 9, 40, 160, 192, 1, true, true},  {1, 1, 70, 32, 64, 1, false, false},
                           {2, 64, 64, 64, 64, 1, true, true}};

struct Convolution {
  Tensor x, weight, bias, residual;
  Conv2dArgs args(bool wide) const {
    Conv2dArgs out;
    out.bias = bias;
    out.padding = padding;
    if (residual.defined()) out.residual = wide ? cast(residual, DType::f32) : residual;
    return out;
  }
  int64_t padding = 1;
};

Convolution make(const Case& c, DType type) {
  Convolution out;
  out.padding = c.padding;
  out.x = cast(Tensor::normal({c.batch, c.height, c.width, c.in}, 1, 1), type);
  out.weight = cast(affine(Tensor::normal({c.out, c.in, 3, 3}, 1, 2), 1 / std::sqrt(9 * static_cast<float>(c.in))), type);
  if (c.bias) out.bias = Tensor::normal({c.out}, 1, 3);
  if (c.residual) out.residual = cast(Tensor::normal({c.batch, c.height + 2 * c.padding - 2, c.width + 2 * c.padding - 2, c.out}, 1, 4), type);
  return out;
}

}  // namespace

class Winograd : public testing::TestWithParam<DType> {
 protected:
  void SetUp() override {
    if (type() == DType::bf16 && (!has_bf16() || has_amx())) GTEST_SKIP() << "in bf16 transformed kernels are for AVX512-BF16 without AMX";
  }
  static DType type() { return GetParam(); }
  const NoGrad off_;
};
INSTANTIATE_TEST_SUITE_P(Types, Winograd, testing::Values(DType::f32, DType::bf16), [](const auto& one) { return std::string(name_of(one.param)); });

TEST_P(Winograd, GivesTheConvolution) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(testing::Message() << c.batch << " x " << c.height << " x " << c.width << ", " << c.in << " -> " << c.out << ", padding " << c.padding);
    const Convolution one = make(c, type());
    const Tensor truth = conv2d(cast(one.x, DType::f32), cast(one.weight, DType::f32), one.args(true)), direct = conv2d(one.x, one.weight, one.args(false));
    Tensor transformed = one.weight.clone();
    transformed.set_packing(WeightPacking::own);
    const Tensor made = conv2d(one.x, transformed, one.args(false));
    EXPECT_NE(std::memcmp(made.raw(), direct.raw(), made.bytes()), 0) << "it was computed directly";
    EXPECT_LT(apart(made, truth),
              type() == DType::f32 ? 2e-6 : 4e-3);  // two roundings to bf16 (1.7e-3 each) before the sums, one after; directly it is the one after
    set_threads(1);
    const Tensor alone = conv2d(one.x, transformed, one.args(false));
    set_threads(3);
    const Tensor three = conv2d(one.x, transformed, one.args(false));
    set_threads(0);
    EXPECT_EQ(std::memcmp(made.raw(), alone.raw(), made.bytes()), 0);
    EXPECT_EQ(std::memcmp(made.raw(), three.raw(), made.bytes()), 0);
  }
}

TEST_P(Winograd, IsLeftOutWhereItDoesNotFit) {
  for (const Case& c : {Case{1, 6, 6, 32, 64, 1, true, false}, Case{1, 16, 16, 48, 64, 1, true, false}, Case{1, 16, 16, 32, 48, 1, true, false}}) {
    const Convolution one = make(c, type());
    Tensor marked = one.weight.clone();
    marked.set_packing(WeightPacking::own);
    const Tensor direct = conv2d(one.x, one.weight, one.args(false)), made = conv2d(one.x, marked, one.args(false));
    EXPECT_EQ(std::memcmp(made.raw(), direct.raw(), made.bytes()), 0);
  }
}

/// A picture alone and among others gives the same bytes.
TEST_P(Winograd, DoesNotDependOnTheBatch) {
  const Convolution one = make({3, 18, 18, 64, 64, 1, true, true}, type());
  Tensor weight = one.weight.clone();
  weight.set_packing(WeightPacking::own);
  const Tensor together = conv2d(one.x, weight, one.args(false));
  Conv2dArgs args = one.args(false);
  args.residual = slice(one.residual, 0, 1, 2);
  const Tensor alone = conv2d(slice(one.x, 0, 1, 2), weight, args), same = slice(together, 0, 1, 2);
  EXPECT_EQ(std::memcmp(alone.raw(), same.raw(), alone.bytes()), 0);
}

/// A plan counts the transformed kernels and what stands between.
TEST_P(Winograd, IsPlanned) {
  const Convolution one = make({1, 32, 32, 64, 64, 1, true, false}, type());
  Tensor weight = one.weight.clone();
  weight.set_packing(WeightPacking::own);
  int64_t planned = 0;
  {
    const DryRun dry;
    reset_memory_peak();
    (void)conv2d(one.x, weight, one.args(false));
    planned = memory_account().peak_bytes;
  }
  release_free_blocks();
  reset_memory_peak();
  const int64_t before = memory_account().live_bytes;
  (void)conv2d(one.x, weight, one.args(false));
  const int64_t taken = memory_account().peak_bytes - before;
  EXPECT_GT(taken, 16 * 64 * 64 * 2);
  EXPECT_NEAR(static_cast<double>(planned), static_cast<double>(taken), 0.1 * static_cast<double>(taken));
}

}  // namespace ptah
