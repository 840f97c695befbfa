// The shared gradient checker: an op's gradient against central differences of its own f32 forward, and its bf16 form against
// its f32 form.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "tensor/ops.h"

namespace ptah::test {

struct OpCase {
  std::string name;
  std::vector<Shape> inputs;
  std::function<Tensor(const std::vector<Tensor>&)> op;
  float low = -1, high = 1;    ///< inputs are uniform in this range
  bool differentiable = true;  ///< everywhere in the range (else central differences only bound the error loosely)
  bool bf16 = true;
  double tolerance = 2e-2;
  double bf16_tolerance = 2e-2;
};

inline std::vector<Tensor> make_inputs(const OpCase& test, uint64_t seed) {
  std::vector<Tensor> inputs;
  for (size_t i = 0; i < test.inputs.size(); ++i) {
    Tensor x = Tensor::empty(test.inputs[i]);
    const Tensor noise = Tensor::normal(test.inputs[i], seed, i);
    for (int64_t j = 0; j < x.elements(); ++j)  // erf maps the normal to a uniform
      x.data<float>()[j] = test.low + (test.high - test.low) * 0.5F * (1 + std::erf(noise.data<float>()[j] * 0.70710678F));
    inputs.push_back(x);
  }
  return inputs;
}

struct Evaluated {
  std::vector<float> out;
  std::vector<std::vector<float>> grads;
};

/// The op's result and the gradients of Σ result · weights.
inline Evaluated evaluate(const OpCase& test, const std::vector<Tensor>& inputs, DType type, const Tensor& weights) {
  std::vector<Tensor> leaves;
  for (const Tensor& x : inputs) leaves.push_back(cast(x, type).clone().set_requires_grad());
  GradScope scope;
  const Tensor out = test.op(leaves);
  Evaluated made{out.to_vector(), {}};
  scope.backward(out, cast(weights.reshape(out.shape()), out.dtype()));
  for (const Tensor& leaf : leaves)
    made.grads.push_back(leaf.grad().defined() ? leaf.grad().to_vector() : std::vector<float>(static_cast<size_t>(leaf.elements()), 0.0F));
  return made;
}

inline double dot(const std::vector<float>& a, const float* b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * b[i];
  return sum;
}

inline double norm(const std::vector<float>& a) { return std::sqrt(dot(a, a.data())); }

inline void check_gradients(const OpCase& test) {
  SCOPED_TRACE(test.name);
  const std::vector<Tensor> inputs = make_inputs(test, 11);
  const Tensor plain = test.op(inputs);
  const Tensor weights = Tensor::normal(plain.shape(), 12, 0);
  const Evaluated exact = evaluate(test, inputs, DType::f32, weights);
  const std::vector<float> fused = plain.to_vector();  // a fused epilogue may round otherwise than the recorded steps
  ASSERT_EQ(exact.out.size(), fused.size());
  for (size_t i = 0; i < fused.size(); ++i) ASSERT_NEAR(exact.out[i], fused[i], 1e-5 * (1 + std::abs(fused[i]))) << i;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Tensor direction = Tensor::normal(inputs[i].shape(), 13, i);
    const auto shifted = [&](float step) {
      std::vector<Tensor> moved = inputs;
      moved[i] = add(inputs[i], affine(direction, step));
      return dot(test.op(moved).to_vector(), weights.data<float>());
    };
    const float step = test.differentiable ? 4e-3F : 1e-3F;
    const double numeric = (shifted(step) - shifted(-step)) / (2 * static_cast<double>(step));
    const double analytic = dot(exact.grads[i], direction.data<float>());
    const double scale = norm(exact.grads[i]) + 1e-3 * norm(exact.out) + 1e-4;
    EXPECT_NEAR(numeric, analytic, test.tolerance * scale) << "input " << i;
  }
  if (!test.bf16) return;
  std::vector<Tensor> rounded;
  for (const Tensor& x : inputs) rounded.push_back(cast(cast(x, DType::bf16), DType::f32));
  const Tensor rounded_weights = cast(cast(weights, DType::bf16), DType::f32);
  const Evaluated wide = evaluate(test, rounded, DType::f32, rounded_weights);
  const Evaluated narrow = evaluate(test, rounded, DType::bf16, rounded_weights);
  const auto close = [&](const std::vector<float>& a, const std::vector<float>& b, const std::string& what) {
    double error = 0;
    for (size_t j = 0; j < a.size(); ++j) error += (a[j] - b[j]) * (a[j] - b[j]);
    EXPECT_LE(std::sqrt(error), test.bf16_tolerance * norm(a) + 4e-3 * std::sqrt(static_cast<double>(a.size())) + 1e-6) << what;
  };
  close(wide.out, narrow.out, "bf16 result");
  for (size_t i = 0; i < inputs.size(); ++i) close(wide.grads[i], narrow.grads[i], "bf16 gradient of input " + std::to_string(i));
}

}  // namespace ptah::test
