// Gated linear layers against the same in f32, composed.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "base/parallel.h"
#include "distance.h"
#include "tensor/ops.h"
#include "tensor/device.h"

namespace ptah {

namespace {

bool same(const Tensor& a, const Tensor& b) { return a.shape() == b.shape() && std::memcmp(a.raw(), b.raw(), a.bytes()) == 0; }

Tensor own(const Tensor& weight) {
  Tensor out = weight.clone();
  out.set_packing(WeightPacking::own);
  return out;
}

struct Layer {
  Tensor x, weight, bias;
};
Layer make(int64_t m, int64_t n, int64_t k) {
  return {cast(Tensor::normal({m, k}, 1, 1), DType::bf16), cast(affine(Tensor::normal({n, k}, 1, 2), 1 / std::sqrt(static_cast<float>(k))), DType::bf16),
          Tensor::normal({n}, 1, 3)};
}
constexpr int64_t kRows[] = {1, 5, 6, 97, 200};

}  // namespace

TEST(Geglu, IsTheComposition) {
  const NoGrad off;
  for (const int64_t m : kRows)
    for (const bool with_bias : {false, true})
      for (const int64_t n : {128, 192, 96}) {  // the last has no whole panels
        SCOPED_TRACE(testing::Message() << m << " rows to " << n << (with_bias ? " with bias" : ""));
        const Layer one = make(m, n, 64);
        const Tensor bias = with_bias ? one.bias : Tensor(), both = linear(cast(one.x, DType::f32), cast(one.weight, DType::f32), {.bias = bias});
        const Tensor truth = mul(slice(both, 1, 0, n / 2), gelu_erf(slice(both, 1, n / 2, n)));
        EXPECT_LT(apart(geglu(one.x, one.weight, bias), truth), 8e-3);  // three roundings
        const Tensor weight = own(one.weight), made = geglu(one.x.reshape({1, m, 64}), weight, bias);
        EXPECT_EQ(made.shape(), Shape({1, m, n / 2}));
        const Tensor last = geglu(slice(one.x, 0, m - 1, m), weight, bias), all = made.reshape({m, n / 2});
        EXPECT_TRUE(!has_bf16() || has_amx() || same(last, slice(all, 0, m - 1, m))) << "a row alone and among others";
        EXPECT_LT(apart(made, truth), has_bf16() && !has_amx() && n % 64 == 0 ? 2e-3 : 8e-3);
        for (const int team : {1, 3}) {
          set_threads(team);
          EXPECT_TRUE(same(geglu(one.x.reshape({1, m, 64}), weight, bias), made)) << team << " threads";
        }
        set_threads(0);
      }
}

TEST(Geglu, HasAGradient) {
  Tensor x = Tensor::normal({3, 8}, 2, 1), weight = Tensor::normal({12, 8}, 2, 2);
  x.set_requires_grad(true);
  weight.set_requires_grad(true);
  GradScope scope;
  scope.backward(sum(geglu(x, weight)));
  EXPECT_TRUE(x.grad().defined());
  EXPECT_EQ(weight.grad().shape(), weight.shape());
}

}  // namespace ptah
