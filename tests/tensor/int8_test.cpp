// Weights and products in 8 bits against the same arithmetic written out.
#include <gtest/gtest.h>

#include <cmath>

#include "base/parallel.h"
#include "tensor/ops.h"

namespace ptah {

namespace {

/// Rows of [n, …] rounded to whole multiples of a scale of their own, as a weight of 8 bits is kept.
Tensor rounded_rows(const Tensor& weight) {
  Tensor out = weight.clone();
  const int64_t each = weight.elements() / weight.dim(0);
  for (int64_t o = 0; o < weight.dim(0); ++o) {
    float* row = out.data<float>() + o * each;
    float largest = 0;
    for (int64_t i = 0; i < each; ++i) largest = std::max(largest, std::abs(row[i]));
    for (int64_t i = 0; i < each; ++i) row[i] = largest > 0 ? std::nearbyint(row[i] * (127 / largest)) * (largest / 127) : 0;
  }
  return out;
}

Tensor rounded_whole(const Tensor& x) { return rounded_rows(x.reshape({1, x.elements()})).reshape(x.shape()); }

double apart(const Tensor& a, const Tensor& b) {
  const auto x = a.to_vector(), y = b.to_vector();
  double largest = 0, size = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    largest = std::max(largest, static_cast<double>(std::abs(x[i] - y[i])));
    size = std::max(size, static_cast<double>(std::abs(y[i])));
  }
  return largest / size;
}

struct Case {
  Shape x, weight;
  bool bias, residual;
  Activation activation;
  int64_t stride;
};
const Case kCases[] = {{{3, 50, 64}, {96, 64}, true, true, Activation::none, 0},
                       {{7, 40}, {33, 40}, true, false, Activation::silu, 0},
                       {{5, 63}, {32, 63}, true, false, Activation::none, 0},
                       {{1, 128}, {160, 128}, false, false, Activation::none, 0},
                       {{2, 9, 11, 32}, {48, 32, 3, 3}, true, true, Activation::none, 1},
                       {{1, 12, 12, 64}, {64, 64, 3, 3}, true, false, Activation::none, 2},
                       {{2, 8, 8, 20}, {24, 20, 1, 1}, false, true, Activation::relu, 1},
                       {{1, 16, 16, 48}, {3, 48, 3, 3}, true, false, Activation::none, 1}};

Tensor run(const Case& c, const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& residual) {
  if (weight.rank() == 2) return linear(x, weight, {.bias = bias, .activation = c.activation, .residual = residual});
  return conv2d(x, weight, {.bias = bias, .stride = c.stride, .padding = weight.dim(2) / 2, .activation = c.activation, .residual = residual});
}

}  // namespace

TEST(Int8, GivesWhatTheRoundedNumbersGive) {
  uint64_t seed = 0;
  for (const Case& c : kCases) {
    const Tensor x = Tensor::normal(c.x, 1, seed++), weight = Tensor::normal(c.weight, 2, seed++);
    const Tensor bias = c.bias ? Tensor::normal({c.weight[0]}, 3, seed++) : Tensor();
    for (const DType type : {DType::f32, DType::bf16}) {
      const Tensor narrow = cast(x, type), seen = cast(narrow, DType::f32);
      const Tensor residual = c.residual ? Tensor::normal(run(c, x, weight, bias, {}).shape(), 4, seed++, type) : Tensor();
      const Tensor added = residual.defined() ? cast(residual, DType::f32) : Tensor();
      for (const WeightPacking packing : {WeightPacking::int8, WeightPacking::int8_products}) {
        const Tensor wanted = run(c, packing == WeightPacking::int8 ? seen : rounded_whole(seen), rounded_rows(weight), bias, added);
        std::vector<float> first;
        for (const int team : {1, 2, 3, 8}) {
          set_threads(team);
          Tensor kept = weight.clone();
          kept.set_packing(packing);
          const Tensor made = run(c, narrow, kept, bias, residual);
          EXPECT_EQ(made.dtype(), type);
          EXPECT_LE(apart(made, wanted), type == DType::f32 ? 2e-5 : 2e-2) << c.x.str() << c.weight.str() << name_of(type) << static_cast<int>(packing);
          if (first.empty()) first = made.to_vector();
          EXPECT_EQ(made.to_vector(), first) << team << " threads";
          EXPECT_EQ(run(c, narrow, kept, bias, residual).to_vector(), first) << "a second time";
        }
        set_threads(0);
      }
    }
  }
}

/// A shape whose sums one implementation of the library gets wrong now and then on two threads.
TEST(Int8, LargeSumsAreTheSameEachTime) {
  Tensor weight = Tensor::empty({640, 1920, 3, 3}), x = Tensor::normal({1, 16, 16, 1920}, 1, 0, DType::bf16);
  for (int64_t i = 0; i < weight.elements(); ++i) weight.data<float>()[i] = static_cast<float>(i * 2654435761 % 1021 - 510);
  weight.set_packing(WeightPacking::int8_products);
  set_threads(2);
  const std::vector<float> first = conv2d(x, weight, {.padding = 1}).to_vector();
  for (int i = 0; i < 24; ++i) ASSERT_EQ(conv2d(x, weight, {.padding = 1}).to_vector(), first) << i;
  set_threads(0);
}

TEST(Int8, OddNumbersAreSurvived) {
  for (const WeightPacking packing : {WeightPacking::int8, WeightPacking::int8_products})
    for (const float odd : {0.0F, 1e-30F, 3e38F, std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
      Tensor weight = Tensor::normal({32, 32}, 1, 0), x = Tensor::full({5, 32}, odd);
      weight.set_packing(packing);
      EXPECT_EQ(linear(x, weight).elements(), 160);
      Tensor same = Tensor::full({32, 32}, odd);
      same.set_packing(packing);
      EXPECT_EQ(linear(Tensor::normal({5, 32}, 2, 0), same).elements(), 160);
    }
}

TEST(Int8, TakesHalfTheMemoryOfSixteenBits) {
  const auto held = [](WeightPacking packing) {
    Tensor weight = Tensor::lazy({1024, 1024}, DType::f32, [] { return Tensor::normal({1024, 1024}, 5, 0); });
    weight.set_packing(packing);
    const int64_t before = memory_account().live_bytes;
    (void)linear(Tensor::zeros({16, 1024}), weight);
    return memory_account().live_bytes - before;
  };
  const int64_t plain = held(WeightPacking::plain);
  EXPECT_GE(plain, 4 << 20);
  for (const WeightPacking packing : {WeightPacking::int8, WeightPacking::int8_products}) {
    EXPECT_GE(held(packing), 1 << 20);
    EXPECT_LE(held(packing), (1 << 20) + (1 << 16));
  }
}

TEST(LazyTensors, AreMadeWhenTheyAreNeeded) {
  int made = 0;
  const Tensor values = Tensor::normal({6, 32}, 1, 0);
  const Tensor lazy = Tensor::lazy({6, 32}, DType::f32, [&] {
    ++made;
    return values;
  });
  const Tensor x = Tensor::normal({4, 32}, 2, 0);
  EXPECT_EQ(lazy.shape(), Shape({6, 32}));
  EXPECT_EQ(made, 0);
  EXPECT_EQ(linear(x, lazy).to_vector(), linear(x, values).to_vector());
  EXPECT_EQ(linear(x, lazy).to_vector(), linear(x, values).to_vector());
  EXPECT_EQ(made, 1) << "a packed copy is kept";
  EXPECT_EQ(lazy.reshape({2, 96}).to_vector(), values.to_vector());
  EXPECT_EQ(lazy.rows(2, 4).to_vector(), values.rows(2, 4).to_vector());
  EXPECT_EQ(lazy.to_vector(), values.to_vector());
  EXPECT_EQ(made, 2) << "numbers that were asked for are kept";
  EXPECT_EQ(passing_numbers(lazy).to_vector(), values.to_vector());
  EXPECT_EQ(made, 2);
  Tensor written = lazy;
  EXPECT_THROW((void)written.raw(), Failure);
}

}  // namespace ptah
