#include "op_cases.h"

namespace ptah::test {

class Gradient : public testing::TestWithParam<OpCase> {};
TEST_P(Gradient, MatchesCentralDifferencesAndBf16) { check_gradients(GetParam()); }
INSTANTIATE_TEST_SUITE_P(Ops, Gradient, testing::ValuesIn(op_cases()), [](const auto& param_info) {
  std::string name;
  for (const char c : param_info.param.name) name += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return std::to_string(param_info.index) + "_" + name;
});

TEST(GradScope, SumsGradientsOfATensorUsedTwice) {
  Tensor x = Tensor::from({2}, {3, 4}).set_requires_grad();
  GradScope scope;
  scope.backward(sum(mul(x, x)));
  EXPECT_EQ(x.grad().to_vector(), (std::vector<float>{6, 8}));
}

TEST(GradScope, NothingIsRecordedOutsideAScopeOrUnderNoGrad) {
  Tensor x = Tensor::from({2}, {3, 4}).set_requires_grad();
  EXPECT_FALSE(tracked(silu(x)));
  GradScope scope;
  const NoGrad off;
  EXPECT_FALSE(tracked(silu(x)));
}

}  // namespace ptah::test
