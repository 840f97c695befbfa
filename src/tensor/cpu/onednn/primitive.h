// oneDNN's primitives: made once, run with a scratchpad of the caller's.
#pragma once

#include <dnnl.hpp>

#include <memory>
#include <unordered_map>
#include <vector>

#include "tensor/cpu/packed_copy.h"
#include "tensor/cpu/onednn/kernels.h"

namespace ptah::detail::onednn {

using dnnl::memory;
using Tag = memory::format_tag;
using Arguments = std::unordered_map<int, memory>;

/// Whether products in 8 bits are computed as such, with sums that are exact: without VNNI oneDNN's saturate in 16 bits. Depths that are no multiple of the
/// four numbers a lane takes are left alone (odd ones have ended in illegal instructions in 16 bits).
bool has_products8(int64_t depth);

dnnl::engine& engine();
dnnl::stream& stream();
memory::data_type dnnl_type(DType type);
memory::desc of_type(memory::desc desc, memory::data_type type);
memory wrap(const memory::desc& desc, const void* data);
void reorder(const memory::desc& plain, const void* from, const memory::desc& wanted, void* to);

/// Threads that a primitive made here may use.
int team();

/// A primitive with what is needed to run it again.
struct Prepared {
  dnnl::primitive primitive;
  memory::desc weights, scratchpad;
  memory::desc source, target;
};

/// The primitive that was made under this key, or null; and one for the key, unless another thread was quicker. `kept` is what stands there then.
std::shared_ptr<Prepared> find_prepared(const Key& key);
std::shared_ptr<Prepared> keep_prepared(const Key& key, std::shared_ptr<Prepared> made);

template <class Make>
std::shared_ptr<Prepared> cached(const Key& key, const Make& make) {
  if (auto found = find_prepared(key)) return found;
  return keep_prepared(key, make());
}

void execute(const Prepared& prepared, Arguments& arguments);

/// Generating code is slow, and a plan does not need it.
template <class Primitive, class Description>
dnnl::primitive made(const Description& description) {
  return DryRun::active() ? dnnl::primitive() : Primitive(description);
}

dnnl::primitive_attr attributes(const dnnl::post_ops& ops = {});

/// What happens to sums before they are written, in order.
class Epilogue {
 public:
  void multiply(const memory::desc& by, const void* data) { append(dnnl::algorithm::binary_mul, by, data); }
  void add(const memory::desc& term, const void* data) { append(dnnl::algorithm::binary_add, term, data); }
  void activate(Activation activation);
  /// The activation and the residual of a product or convolution, whose result is described.
  template <class Call>
  void end_with(const Call& call, const memory::desc& result) {
    activate(call.activation);
    if (call.residual) add(result, call.residual);
  }
  const dnnl::post_ops& ops() const { return ops_; }
  void bind(Arguments& arguments) const {
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

}  // namespace ptah::detail::onednn
