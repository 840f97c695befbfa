#include <cstring>

#include "base/parallel.h"
#include "op_cases.h"

namespace ptah::test {

class Threads : public testing::TestWithParam<OpCase> {};

/// The bytes of an op's result and gradients must not depend on the number of threads.
TEST_P(Threads, GiveTheSameBytes) {
  const OpCase& test = GetParam();
  const std::vector<Tensor> inputs = make_inputs(test, 21);
  for (const DType type : {DType::f32, DType::bf16}) {
    if (type == DType::bf16 && !test.bf16) continue;
    Evaluated first;
    for (const int count : {1, 2, 3, 8}) {
      set_threads(count);
      const Tensor weights = Tensor::normal(test.op(inputs).shape(), 22, 0);
      const Evaluated made = evaluate(test, inputs, type, weights);
      if (count == 1) {
        first = made;
        continue;
      }
      EXPECT_EQ(first.out, made.out) << test.name << ", result, " << name_of(type) << ", " << count << " threads";
      for (size_t i = 0; i < made.grads.size(); ++i)
        EXPECT_EQ(first.grads[i], made.grads[i]) << test.name << ", gradient " << i << ", " << name_of(type) << ", " << count << " threads";
    }
    set_threads(0);
  }
}
INSTANTIATE_TEST_SUITE_P(Ops, Threads, testing::ValuesIn(op_cases()), [](const auto& param_info) { return std::to_string(param_info.index); });

}  // namespace ptah::test
