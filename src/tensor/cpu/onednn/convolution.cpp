#include "base/parallel.h"
#include "tensor/cpu/onednn/weights.h"
#include "tensor/device.h"
#include "tensor/ops.h"

namespace ptah::detail {

namespace onednn {

namespace {

struct ConvDescs {
  memory::desc source, result, weights, plain_weights;
  memory::dims strides, padding;
};

ConvDescs conv_descs(const ConvShape& s, DType type, DType weight_type, DType plain) {
  const auto nhwc = [&](int64_t channels, int64_t height, int64_t width) {
    return memory::desc({s.batch, channels, height, width}, dnnl_type(type), Tag::nhwc);
  };
  memory::dims dims{s.out_channels, s.in_channels / s.groups, s.kernel_height, s.kernel_width};
  Tag tag = Tag::oihw;
  if (s.groups > 1) {
    dims = {s.groups, s.out_channels / s.groups, s.in_channels / s.groups, s.kernel_height, s.kernel_width};
    tag = Tag::goihw;
  }
  return {nhwc(s.in_channels, s.in_height, s.in_width),
          nhwc(s.out_channels, s.out_height, s.out_width),
          memory::desc(dims, dnnl_type(weight_type), Tag::any),
          memory::desc(dims, dnnl_type(plain), tag),
          {s.stride, s.stride},
          {s.padding, s.padding}};
}

Key conv_key(int kind, const ConvShape& s, DType type) {
  Key key;
  key << kind << DryRun::active() << team() << s.batch << s.in_height << s.in_width << s.in_channels << s.out_height << s.out_width << s.out_channels
      << s.kernel_height << s.kernel_width << s.stride << s.padding << s.groups << static_cast<int>(type);
  return key;
}

memory::dims end_padding(const ConvShape& s) {
  return {(s.out_height - 1) * s.stride + s.kernel_height - s.in_height - s.padding, (s.out_width - 1) * s.stride + s.kernel_width - s.in_width - s.padding};
}

dnnl::convolution_forward::desc forward_desc(const ConvDescs& d, const ConvShape& s, const memory::desc* bias) {
  using Forward = dnnl::convolution_forward;
  const auto kind = dnnl::prop_kind::forward_training;
  const auto direct = dnnl::algorithm::convolution_direct;
  if (bias) return Forward::desc(kind, direct, d.source, d.weights, *bias, d.result, d.strides, d.padding, end_padding(s));
  return Forward::desc(kind, direct, d.source, d.weights, d.result, d.strides, d.padding, end_padding(s));
}

/// oneDNN 2.6.3's "brgconv" of 8-bit numbers gives other sums now and then when several threads share many input channels (1920 → 640 at 16 × 16 pixels):
/// another implementation is taken where there is one that is not the slow reference.
dnnl::convolution_forward::primitive_desc steady(const dnnl::convolution_forward::desc& description, const dnnl::primitive_attr& attr) {
  dnnl::convolution_forward::primitive_desc pd(description, attr, engine());
  const auto named = [&](std::string_view part) { return std::string_view(pd.impl_info_str()).find(part) != std::string_view::npos; };
  while (named("brgconv:"))
    if (!pd.next_impl() || named("ref")) return {description, attr, engine()};
  return pd;
}

}  // namespace

void convolve8(const ConvForward& call) {
  const ConvShape& s = call.shape;
  const bool rounded = rounds_input(*call.weight) && has_products8(s.in_channels);
  const auto type = rounded ? memory::data_type::s8 : dnnl_type(call.type);
  ConvDescs d = conv_descs(s, call.type, call.type, call.type);
  d.source = of_type(d.source, type);
  d.weights = of_type(d.weights, type);
  const memory::desc outputs({1, s.out_channels, 1, 1}, memory::data_type::f32, Tag::nchw);
  Key key = conv_key(6, s, call.type);
  key << rounded << (call.bias != nullptr) << static_cast<int>(call.activation) << (call.residual != nullptr);
  const auto prepared = cached(key, [&] {
    const auto pd = steady(forward_desc(d, s, nullptr), attributes(epilogue8(call, outputs, d.result, nullptr).ops()));
    return std::make_shared<Prepared>(Prepared{made<dnnl::convolution_forward>(pd), pd.weights_desc(), pd.scratchpad_desc(), {}, {}});
  });
  const Operands8 operands(*call.weight, d.plain_weights, prepared->weights, call.type, call.source, s.batch * s.in_height * s.in_width * s.in_channels);
  std::unordered_map<int, memory> arguments{{DNNL_ARG_SRC, wrap(d.source, operands.input())},
                                            {DNNL_ARG_WEIGHTS, wrap(prepared->weights, operands.weights())},
                                            {DNNL_ARG_DST, wrap(d.result, call.result)}};
  epilogue8(call, outputs, d.result, operands.scales()).bind(arguments);
  execute(*prepared, arguments);
}

void convolve(const ConvForward& call) {
  const ConvShape& s = call.shape;
  Key key = conv_key(2, s, call.type);
  key << (call.bias != nullptr) << static_cast<int>(call.activation) << (call.residual != nullptr);
  const ConvDescs d = conv_descs(s, call.type, call.type, plain_type(*call.weight, call.type));
  const memory::desc bias({s.out_channels}, memory::data_type::f32, Tag::a);
  Epilogue epilogue;
  epilogue.end_with(call, d.result);
  const auto prepared = cached(key, [&] {
    const dnnl::convolution_forward::primitive_desc pd(forward_desc(d, s, call.bias ? &bias : nullptr), attributes(epilogue.ops()), engine());
    return std::make_shared<Prepared>(Prepared{made<dnnl::convolution_forward>(pd), pd.weights_desc(), pd.scratchpad_desc(), {}, {}});
  });
  const auto weights = packed(*call.weight, d.plain_weights, prepared->weights);
  std::unordered_map<int, memory> arguments{
      {DNNL_ARG_SRC, wrap(d.source, call.source)}, {DNNL_ARG_WEIGHTS, wrap(prepared->weights, weights->data())}, {DNNL_ARG_DST, wrap(d.result, call.result)}};
  if (call.bias) arguments.emplace(DNNL_ARG_BIAS, wrap(bias, call.bias));
  epilogue.bind(arguments);
  execute(*prepared, arguments);
}

}  // namespace onednn

using namespace onednn;

void conv_backward_data(const ConvShape& s, DType type, const void* grad, const Tensor& weight, void* source_grad) {
  count_flops(s.flops());
  const ConvDescs d = conv_descs(s, type, type, plain_type(weight, type));
  const Key key = conv_key(3, s, type);
  const auto prepared = cached(key, [&] {
    const dnnl::convolution_forward::primitive_desc hint(forward_desc(d, s, nullptr), engine());
    const dnnl::convolution_backward_data::desc description(dnnl::algorithm::convolution_direct, d.source, d.weights, d.result, d.strides, d.padding,
                                                            end_padding(s));
    const dnnl::convolution_backward_data::primitive_desc pd(description, attributes(), engine(), hint);
    return std::make_shared<Prepared>(Prepared{made<dnnl::convolution_backward_data>(pd), pd.weights_desc(), pd.scratchpad_desc(), {}, {}});
  });
  const auto weights = packed(weight, d.plain_weights, prepared->weights);
  std::unordered_map<int, memory> arguments{{DNNL_ARG_DIFF_SRC, wrap(d.source, source_grad)},
                                            {DNNL_ARG_WEIGHTS, wrap(prepared->weights, weights->data())},
                                            {DNNL_ARG_DIFF_DST, wrap(d.result, grad)}};
  execute(*prepared, arguments);
}

void conv_backward_weights(const ConvShape& whole, DType type, const void* source, const void* grad, float* weight_grad) {
  count_flops(whole.flops());
  // oneDNN splits the batch over threads, which would make the sums depend on their number: each part runs on one thread.
  constexpr int64_t kParts = 4;
  const int64_t parts = std::min(kParts, whole.batch);
  const int64_t source_bytes = whole.in_height * whole.in_width * whole.in_channels * static_cast<int64_t>(size_of(type));
  const int64_t grad_bytes = whole.out_height * whole.out_width * whole.out_channels * static_cast<int64_t>(size_of(type));
  const int outer = threads();
  std::vector<std::shared_ptr<Prepared>> prepared(static_cast<size_t>(parts));
  std::vector<std::shared_ptr<Block>> sums, scratch;
  set_threads(1);
  for (int64_t p = 0; p < parts; ++p) {
    ConvShape s = whole;
    s.batch = whole.batch * (p + 1) / parts - whole.batch * p / parts;
    const ConvDescs d = conv_descs(s, type, DType::f32, DType::f32);
    auto& one = prepared[static_cast<size_t>(p)];
    one = cached(conv_key(4, s, type), [&] {
      ConvDescs hint_descs = conv_descs(s, type, type, type);
      const dnnl::convolution_forward::primitive_desc hint(forward_desc(hint_descs, s, nullptr), engine());
      const dnnl::convolution_backward_weights::desc description(dnnl::algorithm::convolution_direct, d.source, d.weights, d.result, d.strides, d.padding,
                                                                 end_padding(s));
      const dnnl::convolution_backward_weights::primitive_desc pd(description, attributes(), engine(), hint);
      return std::make_shared<Prepared>(
          Prepared{made<dnnl::convolution_backward_weights>(pd), pd.diff_weights_desc(), pd.scratchpad_desc(), d.source, d.result});
    });
    sums.push_back(std::make_shared<Block>(one->weights.get_size()));
    scratch.push_back(std::make_shared<Block>(one->scratchpad.get_size()));
  }
  set_threads(outer);
  if (DryRun::active()) return;
  parallel_for(parts, int64_t{1} << 40, [&](int64_t begin, int64_t end) {
    const OneThread one;
    for (int64_t p = begin; p < end; ++p) {
      const auto i = static_cast<size_t>(p);
      const int64_t first = whole.batch * p / parts;
      std::unordered_map<int, memory> arguments{{DNNL_ARG_SRC, wrap(prepared[i]->source, static_cast<const char*>(source) + first * source_bytes)},
                                                {DNNL_ARG_DIFF_DST, wrap(prepared[i]->target, static_cast<const char*>(grad) + first * grad_bytes)},
                                                {DNNL_ARG_DIFF_WEIGHTS, wrap(prepared[i]->weights, sums[i]->data())},
                                                {DNNL_ARG_SCRATCHPAD, wrap(prepared[i]->scratchpad, scratch[i]->data())}};
      prepared[i]->primitive.execute(stream(), arguments);
      stream().wait();
    }
  });
  const int64_t stored = static_cast<int64_t>(prepared[0]->weights.get_size() / sizeof(float));
  auto* total = static_cast<float*>(sums[0]->data());
  parallel_for(stored, parts, [&](int64_t begin, int64_t end) {
    for (size_t p = 1; p < sums.size(); ++p) {
      const auto* part = static_cast<const float*>(sums[p]->data());
      for (int64_t i = begin; i < end; ++i) total[i] += part[i];
    }
  });
  const ConvDescs d = conv_descs(whole, type, DType::f32, DType::f32);
  memory from = wrap(prepared[0]->weights, total), to = wrap(d.plain_weights, weight_grad);
  dnnl::reorder(from, to).execute(stream(), from, to);
  stream().wait();
}

}  // namespace ptah::detail
