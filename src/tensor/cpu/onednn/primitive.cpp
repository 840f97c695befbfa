#include "tensor/cpu/onednn/primitive.h"

#include <mutex>

#include "base/parallel.h"
#include "base/text.h"
#include "tensor/device.h"

namespace ptah::detail::onednn {

namespace {

dnnl::cpu_isa isa() { return dnnl::get_effective_cpu_isa(); }

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

}  // namespace

bool has_avx512() { return isa() != dnnl::cpu_isa::sse41 && isa() != dnnl::cpu_isa::avx && isa() != dnnl::cpu_isa::avx2 && isa() != dnnl::cpu_isa::avx2_vnni; }

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
    default:
      break;
  }
  throw Failure({ErrorCode::unsupported, "dense kernels take f32 and bf16"});
}

memory::desc of_type(memory::desc desc, memory::data_type type) {
  desc.data.data_type = memory::convert_to_c(type);
  return desc;
}

memory wrap(const memory::desc& desc, const void* data) { return {desc, engine(), const_cast<void*>(data)}; }

void reorder(const memory::desc& plain, const void* from, const memory::desc& wanted, void* to) {
  memory source = wrap(plain, from), target = wrap(wanted, to);
  dnnl::reorder(source, target).execute(stream(), source, target);
  stream().wait();
}

int team() { return omp_in_parallel() ? 1 : threads(); }

namespace {

struct Cache {
  std::mutex mutex;
  std::unordered_map<std::string, std::shared_ptr<Prepared>> made;
};

Cache& cache() {
  static auto* const instance = new Cache;
  return *instance;
}

}  // namespace

std::shared_ptr<Prepared> find_prepared(const Key& key) {
  const std::lock_guard lock(cache().mutex);
  const auto found = cache().made.find(key.str());
  return found == cache().made.end() ? nullptr : found->second;
}

std::shared_ptr<Prepared> keep_prepared(const Key& key, std::shared_ptr<Prepared> made) {
  const std::lock_guard lock(cache().mutex);
  return cache().made.emplace(key.str(), std::move(made)).first->second;
}

void execute(const Prepared& prepared, Arguments& arguments) {
  const Block scratch(prepared.scratchpad.get_size());
  if (DryRun::active()) return;
  arguments.emplace(DNNL_ARG_SCRATCHPAD, wrap(prepared.scratchpad, scratch.data()));
  prepared.primitive.execute(stream(), arguments);
  stream().wait();
}

dnnl::primitive_attr attributes(const dnnl::post_ops& ops) {
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  attr.set_post_ops(ops);
  return attr;
}

void Epilogue::activate(Activation activation) {
  if (activation == Activation::none) return;
  append_activation(ops_, activation);
  ++count_;
}

OneThread::OneThread() : before_(omp_get_max_threads()) { omp_set_num_threads(1); }
OneThread::~OneThread() { omp_set_num_threads(before_); }

}  // namespace ptah::detail::onednn

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

}  // namespace ptah
