#include "tensor/cpu/dense.h"

#include <dnnl.hpp>

#include <cstring>
#include <mutex>
#include <unordered_map>

#include "base/file.h"
#include "base/parallel.h"
#include "base/text.h"
#include "tensor/cpu/int8.h"
#include "tensor/cpu/panel_product.h"
#include "tensor/cpu/winograd.h"
#include "tensor/ops.h"

namespace ptah::detail {

namespace {

using dnnl::memory;
using Tag = memory::format_tag;

dnnl::cpu_isa isa() { return dnnl::get_effective_cpu_isa(); }
bool has_avx512() { return isa() != dnnl::cpu_isa::sse41 && isa() != dnnl::cpu_isa::avx && isa() != dnnl::cpu_isa::avx2 && isa() != dnnl::cpu_isa::avx2_vnni; }

/// Whether products in 8 bits are computed as such, with sums that are exact: without VNNI oneDNN's saturate in 16 bits. Depths that are no multiple of the
/// four numbers a lane takes are left alone (odd ones have ended in illegal instructions in 16 bits).
bool has_products8(int64_t depth) { return has_avx512() && isa() != dnnl::cpu_isa::avx512_core && depth % 4 == 0; }

dnnl::engine& engine() {
  static dnnl::engine instance(dnnl::engine::kind::cpu, 0);
  return instance;
}

dnnl::stream& stream() {
  thread_local dnnl::stream instance(engine());
  return instance;
}

memory::data_type dnnl_type(DType type) {
  switch (type) {
    case DType::f32:
      return memory::data_type::f32;
    case DType::bf16:
      return memory::data_type::bf16;
    case DType::i32:
      return memory::data_type::s32;
    case DType::u8:
      return memory::data_type::u8;
    case DType::f16:
      break;
  }
  throw Failure({ErrorCode::unsupported, "dense kernels take f32 and bf16"});
}

/// A primitive with what is needed to run it again.
struct Prepared {
  dnnl::primitive primitive;
  memory::desc weights, scratchpad;
  memory::desc source, target;
};

class Key {
 public:
  Key& operator<<(int64_t value) {
    text_.append(reinterpret_cast<const char*>(&value), sizeof value);
    return *this;
  }
  const std::string& str() const { return text_; }

 private:
  std::string text_;
};

template <class Make>
std::shared_ptr<Prepared> cached(const Key& key, const Make& make) {
  static std::mutex mutex;
  static auto* const cache = new std::unordered_map<std::string, std::shared_ptr<Prepared>>;
  {
    const std::lock_guard lock(mutex);
    const auto found = cache->find(key.str());
    if (found != cache->end()) return found->second;
  }
  std::shared_ptr<Prepared> made = make();
  const std::lock_guard lock(mutex);
  return cache->emplace(key.str(), std::move(made)).first->second;
}

int team() { return omp_in_parallel() ? 1 : threads(); }

void append_activation(dnnl::post_ops& ops, Activation activation) {
  using dnnl::algorithm;
  switch (activation) {
    case Activation::none:
      return;
    case Activation::relu:
      ops.append_eltwise(1, algorithm::eltwise_relu, 0, 0);
      return;
    case Activation::silu:
      ops.append_eltwise(1, algorithm::eltwise_swish, 1, 0);
      return;
    case Activation::gelu:
      ops.append_eltwise(1, algorithm::eltwise_gelu_tanh, 0, 0);
      return;
    case Activation::gelu_erf:
      ops.append_eltwise(1, algorithm::eltwise_gelu_erf, 0, 0);
      return;
    case Activation::tanh:
      ops.append_eltwise(1, algorithm::eltwise_tanh, 0, 0);
      return;
    case Activation::sigmoid:
      ops.append_eltwise(1, algorithm::eltwise_logistic, 0, 0);
      return;
  }
}

memory wrap(const memory::desc& desc, const void* data) { return {desc, engine(), const_cast<void*>(data)}; }

Key layout_key(const memory::desc& desc, bool transposed) {
  const dnnl_memory_desc_t& data = desc.data;
  const auto& blocking = data.format_desc.blocking;
  Key key;
  key << data.ndims << data.data_type << transposed << blocking.inner_nblks;
  for (int i = 0; i < blocking.inner_nblks; ++i) key << blocking.inner_blks[i] << blocking.inner_idxs[i];
  for (int i = 0; i < data.ndims; ++i) key << data.dims[i] << data.padded_dims[i] << blocking.strides[i];
  return key;
}

/// The dtype in which a weight is handed to oneDNN's reorder, whose conversions of f16, and of bf16 below AVX-512, are missing or slow: what is computed in, or
/// f32.
DType plain_type(const Tensor& weight, DType computed) {
  const bool narrow = weight.dtype() == DType::bf16 || (weight.dtype() == DType::f16 && computed == DType::bf16);
  return narrow && has_avx512() ? DType::bf16 : DType::f32;
}

/// A plan counts each packed copy once and forgets it when the dry run ends, whatever real copies exist.
std::shared_ptr<Block> planned_copy(const Tensor& weight, size_t bytes, const Key& key) {
  thread_local std::unordered_map<std::string, std::weak_ptr<Block>> copies;
  Key name;
  name << reinterpret_cast<int64_t>(weight.body());
  std::weak_ptr<Block>& slot = copies[name.str() + key.str()];
  std::shared_ptr<Block> block = slot.lock();
  if (!block) {
    slot = block = std::make_shared<Block>(bytes);
    DryRun::keep(block);
  }
  return block;
}

std::mutex& packed_mutex() {
  static std::mutex mutex;
  return mutex;
}

/// The copy of a weight called `key`, made once for each version of its numbers.
template <class Make>
std::shared_ptr<Block> kept_copy(const Tensor& weight, const Key& key, const Make& make) {
  Tensor::Body& body = *weight.body();
  {
    const std::lock_guard lock(packed_mutex());
    for (const PackedCopy& copy : body.packed)
      if (copy.version == body.version && copy.key == key.str()) return copy.block;
  }
  const std::shared_ptr<Block> block = make();
  if (body.constant && !body.lazy) forget_mapped(body.data, weight.bytes());
  const std::lock_guard lock(packed_mutex());
  for (PackedCopy& copy : body.packed)
    if (copy.key == key.str()) {
      copy.version = body.version;
      copy.block = block;
      return block;
    }
  body.packed.push_back({key.str(), body.version, block});
  return block;
}

/// The copy of a weight called `key`, of `bytes` that `fill` writes; a plan only counts it.
template <class Fill>
std::shared_ptr<Block> filled_copy(const Tensor& weight, const Key& key, size_t bytes, const Fill& fill) {
  if (DryRun::active()) return planned_copy(weight, bytes, key);
  return kept_copy(weight, key, [&] {
    auto block = std::make_shared<Block>(bytes);
    fill(block->data());
    return block;
  });
}

void reorder(const memory::desc& plain, const void* from, const memory::desc& wanted, void* to) {
  memory source = wrap(plain, from), target = wrap(wanted, to);
  dnnl::reorder(source, target).execute(stream(), source, target);
  stream().wait();
}

/// The weight's numbers in the layout `wanted`. `plain` describes how it lies.
std::shared_ptr<Block> packed(const Tensor& weight, const memory::desc& plain, const memory::desc& wanted, bool transposed = false) {
  const Key key = layout_key(wanted, transposed);
  return filled_copy(weight, key, wanted.get_size(), [&](void* to) {
    const Tensor source = cast(passing_numbers(weight), plain.data_type() == memory::data_type::bf16 ? DType::bf16 : DType::f32);
    reorder(plain, source.raw(), wanted, to);
  });
}

/// A weight in 8 bits: its whole numbers in the layout they are kept in, then a scale for each output.
struct Packed8 {
  std::shared_ptr<Block> block;
  size_t count = 0;  ///< of the whole numbers, those that fill the layout up among them
  /// Where the scales begin: at a cache line.
  size_t scales_at() const { return (count + 63) / 64 * 64; }
  const int8_t* data() const { return static_cast<const int8_t*>(block->data()); }
  const float* scales() const { return reinterpret_cast<const float*>(static_cast<const char*>(block->data()) + scales_at()); }
};

memory::desc of_type(memory::desc desc, memory::data_type type) {
  desc.data.data_type = memory::convert_to_c(type);
  return desc;
}

/// `plain` describes how the weight lies (its dtype does not count); outputs are its outermost axis in memory. `wanted` is of 8 bits (products in 8 bits, read
/// by the primitive as it is), or of a float type (unfolded before each use).
Packed8 packed8(const Tensor& weight, const memory::desc& plain, const memory::desc& wanted) {
  const bool unfolded = wanted.data_type() != memory::data_type::s8;
  const int64_t outputs = weight.dim(0), each = weight.elements() / outputs;
  const size_t element = memory::data_type_size(wanted.data_type());
  Packed8 out{nullptr, wanted.get_size() / element};
  const size_t whole = out.scales_at() + static_cast<size_t>(outputs) * sizeof(float);
  Key key = layout_key(wanted, false);
  key << 8;
  out.block = filled_copy(weight, key, whole, [&](void* to) {
    const Tensor source = passing_numbers(weight);
    auto* scales = reinterpret_cast<float*>(static_cast<char*>(to) + out.scales_at());
    Block rounded(static_cast<size_t>(weight.elements()));
    auto* numbers = static_cast<int8_t*>(rounded.data());
    parallel_for(outputs, each, [&](int64_t begin, int64_t end) {
      for (int64_t o = begin; o < end; ++o) {
        const void* row = static_cast<const char*>(source.raw()) + o * each * static_cast<int64_t>(size_of(source.dtype()));
        const Int8Scale scale(largest_magnitude(source.dtype(), row, each));
        scales[o] = scale.inverse;
        round_to_int8(source.dtype(), row, each, scale.factor, numbers + o * each);
      }
    });
    if (!unfolded) {
      reorder(of_type(plain, memory::data_type::s8), numbers, wanted, to);
      return;
    }
    const DType type = wanted.data_type() == memory::data_type::bf16 ? DType::bf16 : DType::f32;
    const Block wide(static_cast<size_t>(weight.elements()) * element), laid(wanted.get_size());
    widen_int8(numbers, weight.elements(), type, wide.data());
    reorder(of_type(plain, wanted.data_type()), wide.data(), wanted, laid.data());
    round_to_int8(type, laid.data(), static_cast<int64_t>(out.count), 1, static_cast<int8_t*>(to));
  });
  return out;
}

void execute(const Prepared& prepared, std::unordered_map<int, memory>& arguments) {
  const Block scratch(prepared.scratchpad.get_size());
  if (DryRun::active()) return;
  arguments.emplace(DNNL_ARG_SCRATCHPAD, wrap(prepared.scratchpad, scratch.data()));
  prepared.primitive.execute(stream(), arguments);
  stream().wait();
}

/// Generating code is slow, and a plan does not need it.
template <class Primitive, class Description>
dnnl::primitive made(const Description& description) {
  return DryRun::active() ? dnnl::primitive() : Primitive(description);
}

dnnl::primitive_attr attributes(const dnnl::post_ops& ops = {}) {
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  attr.set_post_ops(ops);
  return attr;
}

/// What happens to sums before they are written, in order.
class Epilogue {
 public:
  void multiply(const memory::desc& by, const void* data) { append(dnnl::algorithm::binary_mul, by, data); }
  void add(const memory::desc& term, const void* data) { append(dnnl::algorithm::binary_add, term, data); }
  void activate(Activation activation) {
    if (activation == Activation::none) return;
    append_activation(ops_, activation);
    ++count_;
  }
  /// The activation and the residual of a product or convolution, whose result is described.
  template <class Call>
  void end_with(const Call& call, const memory::desc& result) {
    activate(call.activation);
    if (call.residual) add(result, call.residual);
  }
  const dnnl::post_ops& ops() const { return ops_; }
  void bind(std::unordered_map<int, memory>& arguments) const {
    for (const auto& [position, operand] : operands_)
      arguments.emplace(DNNL_ARG_ATTR_MULTIPLE_POST_OP(position) | DNNL_ARG_SRC_1, wrap(operand.first, operand.second));
  }

 private:
  void append(dnnl::algorithm algorithm, const memory::desc& operand, const void* data) {
    ops_.append_binary(algorithm, operand);
    operands_.emplace_back(count_++, std::pair(operand, data));
  }

  dnnl::post_ops ops_;
  std::vector<std::pair<int, std::pair<memory::desc, const void*>>> operands_;
  int count_ = 0;
};

bool rounds_input(const Tensor& weight) { return weight.body()->packing == WeightPacking::int8_products; }
bool in_8_bits(const Tensor& weight) { return weight.body()->packing == WeightPacking::int8 || rounds_input(weight); }

/// Rounds what meets a weight of 8 bits to 8 bits, or unfolds the weight; keeps what the primitive reads.
class Operands8 {
 public:
  /// The weight times `input` [elements] of dtype `type`, by a primitive that wants the weight as `wanted`: in 8 bits, or unfolded. Whole numbers of 8 bits are
  /// exact in every float type.
  Operands8(const Tensor& weight, const memory::desc& plain, const memory::desc& wanted, DType type, const void* input, int64_t elements)
      : weights_(packed8(weight, plain, wanted)), input_(input), read_(weights_.block->data()) {
    const bool unfolded = wanted.data_type() != memory::data_type::s8, rounded = rounds_input(weight);
    const int64_t outputs = weight.dim(0);
    scales_.emplace(static_cast<size_t>(outputs) * sizeof(float));
    if (unfolded) wide_weights_.emplace(wanted.get_size());
    if (rounded) rounded_.emplace(static_cast<size_t>(elements));
    if (rounded && unfolded) wide_.emplace(static_cast<size_t>(elements) * size_of(type));
    if (DryRun::active()) return;
    float by = 1;
    if (rounded) {
      const Int8Scale scale(largest_magnitude(type, input, elements));
      round_to_int8(type, input, elements, scale.factor, static_cast<int8_t*>(rounded_->data()));
      by = scale.inverse;
      input_ = rounded_->data();
    }
    if (unfolded) {
      widen_int8(weights_.data(), static_cast<int64_t>(weights_.count), type, wide_weights_->data());
      read_ = wide_weights_->data();
    }
    if (rounded && unfolded) {
      widen_int8(static_cast<const int8_t*>(rounded_->data()), elements, type, wide_->data());
      input_ = wide_->data();
    }
    auto* scales = static_cast<float*>(scales_->data());
    for (int64_t o = 0; o < outputs; ++o) scales[o] = weights_.scales()[o] * by;
  }
  const void* input() const { return input_; }
  const void* weights() const { return read_; }
  const void* scales() const { return scales_->data(); }

 private:
  Packed8 weights_;
  std::optional<Block> scales_, wide_weights_, rounded_, wide_;
  const void *input_, *read_;
};

/// What sums of a weight of 8 bits go through: the scales of the outputs, the bias, the rest. `outputs` describes a row of f32.
template <class Call>
Epilogue epilogue8(const Call& call, const memory::desc& outputs, const memory::desc& result, const void* scales) {
  Epilogue out;
  out.multiply(outputs, scales);
  if (call.bias) out.add(outputs, call.bias);
  out.end_with(call, result);
  return out;
}

/// The product of a[m, k] with a weight [n, k] of 8 bits on `team()` threads.
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

/// The product on `team()` threads. `rows` is the number of rows of the whole matrices that call.m rows are a part of.
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

/// One thread for this thread's primitives while it lives.
class OneThread {
 public:
  OneThread() : before_(omp_get_max_threads()) { omp_set_num_threads(1); }
  ~OneThread() { omp_set_num_threads(before_); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_;
};

const void* advanced(const void* from, int64_t elements, DType type) {
  return from ? static_cast<const char*>(from) + elements * static_cast<int64_t>(size_of(type)) : nullptr;
}

}  // namespace

bool has_dense(DType type) { return type == DType::f32 || (type == DType::bf16 && has_avx512()); }

namespace {

/// A weight as `gated_product` reads it.
std::shared_ptr<Block> gated_panels(const GemmCall& call) {
  Key key;
  key << 10;
  return filled_copy(*call.weight, key, static_cast<size_t>(call.n * call.k) * sizeof(bf16), [&](void* to) {
    const Tensor weight = cast(passing_numbers(*call.weight), DType::bf16);
    pack_gated(call.n, call.k, weight.data<bf16>(), static_cast<bf16*>(to));
  });
}

}  // namespace

void gemm(const GemmCall& call) {
  count_flops(2 * call.batch * call.m * call.n * call.k);
  if (call.batch == 0 || call.m == 0 || call.n == 0) return;
  if (call.weight && call.batch == 1 && call.b_transposed && !call.a_transposed && in_8_bits(*call.weight)) {
    const std::optional<OneThread> one = has_avx512() ? std::nullopt : std::optional<OneThread>(std::in_place);
    return multiply8(call);
  }
  if (call.gated) return gated_product(call, static_cast<const bf16*>(gated_panels(call)->data()));
  if (has_avx512()) return multiply(call, call.m);
  // Below AVX-512 oneDNN's products split the sum over threads. Here the rows are cut into parts whose number depends on the shape only, each for one thread.
  constexpr int64_t kMostParts = 16, kLeastRows = 24;
  const int64_t parts = std::clamp<int64_t>(call.m / kLeastRows, 1, kMostParts);
  if (DryRun::active()) {
    const OneThread one;
    return multiply(call, call.m);
  }
  const auto part = [&](int64_t i) {
    GemmCall mine = call;
    const int64_t first = call.m * i / parts;
    mine.m = call.m * (i + 1) / parts - first;
    mine.a = advanced(call.a, first * (call.a_transposed ? 1 : call.k), call.a_type);
    mine.c = const_cast<void*>(advanced(call.c, first * call.n, call.c_type));
    mine.residual = advanced(call.residual, first * call.n, call.c_type);
    return mine;
  };
  parallel_for(parts, 2 * call.batch * call.m * call.n * call.k / (parts * 16), [&](int64_t begin, int64_t end) {
    const OneThread one;
    for (int64_t i = begin; i < end; ++i) multiply(part(i), call.m);
  });
}

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

/// The kernels of a convolution as `winograd` reads them.
std::shared_ptr<Block> transformed(const ConvForward& call) {
  Key key;
  key << 9 << static_cast<int>(call.type);
  return filled_copy(*call.weight, key, winograd_bytes(call), [&](void* to) {
    const Tensor kernels = cast(passing_numbers(*call.weight), DType::f32);
    pack_winograd(call, kernels.data<float>(), to);
  });
}

}  // namespace

void conv_forward(const ConvForward& call) {
  const ConvShape& s = call.shape;
  count_flops(s.flops());
  if (s.groups == 1 && in_8_bits(*call.weight)) return convolve8(call);
  if (call.weight->body()->packing == WeightPacking::own && has_winograd(call)) return winograd(call, transformed(call)->data());
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

namespace ptah {

bool has_amx() { return dnnl::get_effective_cpu_isa() == dnnl::cpu_isa::avx512_core_amx; }
bool has_bf16() { return has_amx() || dnnl::get_effective_cpu_isa() == dnnl::cpu_isa::avx512_core_bf16; }

namespace detail {
Result<void> cap_dense_isa(std::string_view name) {
  dnnl::cpu_isa wanted{};
  if (name == "amx")
    wanted = dnnl::cpu_isa::avx512_core_amx;
  else if (name == "avx512_bf16")
    wanted = dnnl::cpu_isa::avx512_core_bf16;
  else if (name == "avx512")
    wanted = dnnl::cpu_isa::avx512_core;
  else if (name == "avx2")
    wanted = dnnl::cpu_isa::avx2;
  else
    return unknown_name("instruction set", name, "amx avx512_bf16 avx512 avx2");
  if (dnnl::set_max_cpu_isa(wanted) != dnnl::status::success) return fail(ErrorCode::internal, "the instruction set must be chosen before the first operation");
  return {};
}
}  // namespace detail

void forget_packed(const Tensor& weight) {
  if (DryRun::active()) return;
  const std::lock_guard lock(detail::packed_mutex());
  weight.body()->packed.clear();
}

}  // namespace ptah
