#include "tensor/cpu/onednn/weights.h"

namespace ptah::detail::onednn {

void multiply8(const GemmCall& call) {
  const bool rounded = rounds_input(*call.weight) && has_products8(call.k);
  const auto type = rounded ? memory::data_type::s8 : dnnl_type(call.a_type);
  const memory::desc a({call.m, call.k}, type, Tag::ab), c({call.m, call.n}, dnnl_type(call.c_type), Tag::ab),
      outputs({1, call.n}, memory::data_type::f32, Tag::ab);
  Key key;
  key << 5 << DryRun::active() << team() << call.m << call.n << call.k << rounded << static_cast<int>(call.a_type) << static_cast<int>(call.c_type)
      << (call.bias != nullptr) << static_cast<int>(call.activation) << (call.residual != nullptr);
  const auto prepared = cached(key, [&] {
    const memory::desc b({call.k, call.n}, type, Tag::any);
    const dnnl::matmul::primitive_desc pd(dnnl::matmul::desc(a, b, c), attributes(epilogue8(call, outputs, c, nullptr).ops()), engine());
    return std::make_shared<Prepared>(Prepared{made<dnnl::matmul>(pd), pd.weights_desc(), pd.scratchpad_desc(), {}, {}});
  });
  const memory::desc plain({call.k, call.n}, type, memory::dims{1, call.k});
  const Operands8 operands(*call.weight, plain, prepared->weights, call.a_type, call.a, call.m * call.k);
  std::unordered_map<int, memory> arguments{
      {DNNL_ARG_SRC, wrap(a, operands.input())}, {DNNL_ARG_WEIGHTS, wrap(prepared->weights, operands.weights())}, {DNNL_ARG_DST, wrap(c, call.c)}};
  epilogue8(call, outputs, c, operands.scales()).bind(arguments);
  execute(*prepared, arguments);
}

void multiply(const GemmCall& call, int64_t all_rows) {
  const bool batched = call.batch > 1;
  const auto desc = [&](int64_t rows, int64_t columns, DType type, bool transposed, int64_t whole) {
    memory::dims dims{rows, columns};
    memory::dims strides = transposed ? memory::dims{1, whole} : memory::dims{columns, 1};
    if (batched) {
      dims.insert(dims.begin(), call.batch);
      strides.insert(strides.begin(), whole * columns);
    }
    return memory::desc(dims, dnnl_type(type), strides);
  };
  const memory::desc a = desc(call.m, call.k, call.a_type, call.a_transposed, all_rows);
  const memory::desc c = desc(call.m, call.n, call.c_type, false, all_rows);
  Epilogue epilogue;
  epilogue.end_with(call, c);
  Key key;
  key << 1 << DryRun::active() << team() << call.batch << call.m << call.n << call.k << all_rows << static_cast<int>(call.a_type) << call.a_transposed
      << static_cast<int>(call.b_type) << call.b_transposed << (call.weight != nullptr) << static_cast<int>(call.c_type) << (call.bias != nullptr)
      << static_cast<int>(call.activation) << (call.residual != nullptr);
  const auto prepared = cached(key, [&] {
    memory::desc b = desc(call.k, call.n, call.b_type, call.b_transposed, call.k);
    if (call.weight) b = memory::desc({call.k, call.n}, dnnl_type(call.b_type), Tag::any);
    const memory::dims bias_dims = batched ? memory::dims{1, 1, call.n} : memory::dims{1, call.n};
    const memory::desc bias(bias_dims, memory::data_type::f32, batched ? Tag::abc : Tag::ab);
    const auto description = call.bias ? dnnl::matmul::desc(a, b, bias, c) : dnnl::matmul::desc(a, b, c);
    const dnnl::matmul::primitive_desc pd(description, attributes(epilogue.ops()), engine());
    return std::make_shared<Prepared>(Prepared{made<dnnl::matmul>(pd), pd.weights_desc(), pd.scratchpad_desc(), bias, {}});
  });
  std::shared_ptr<Block> weights;
  if (call.weight) {
    const memory::desc plain = [&] {
      const memory::dims strides = call.b_transposed ? memory::dims{1, call.k} : memory::dims{call.n, 1};
      return memory::desc({call.k, call.n}, dnnl_type(plain_type(*call.weight, call.a_type)), strides);
    }();
    weights = packed(*call.weight, plain, prepared->weights, call.b_transposed);
  }
  std::unordered_map<int, memory> arguments{{DNNL_ARG_SRC, wrap(a, call.a)}, {DNNL_ARG_DST, wrap(c, call.c)}};
  arguments.emplace(DNNL_ARG_WEIGHTS, wrap(prepared->weights, weights ? weights->data() : call.b));
  if (call.bias) arguments.emplace(DNNL_ARG_BIAS, wrap(prepared->source, call.bias));
  epilogue.bind(arguments);
  execute(*prepared, arguments);
}

}  // namespace ptah::detail::onednn
