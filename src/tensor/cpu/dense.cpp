// Which kernel computes what. oneDNN's are in onednn/, Ptah's own beside this file.
#include "tensor/cpu/dense.h"

#include <algorithm>

#include "base/parallel.h"
#include "tensor/cpu/onednn/kernels.h"
#include "tensor/cpu/packed_copy.h"
#include "tensor/cpu/panel_product.h"
#include "tensor/cpu/winograd.h"
#include "tensor/device.h"
#include "tensor/ops.h"

namespace ptah::detail {

namespace {

bool in_8_bits(const Tensor& weight) { return weight.body()->packing == WeightPacking::int8 || weight.body()->packing == WeightPacking::int8_products; }

const void* advanced(const void* from, int64_t elements, DType type) {
  return from ? static_cast<const char*>(from) + elements * static_cast<int64_t>(size_of(type)) : nullptr;
}

/// A weight as `gated_product` reads it.
std::shared_ptr<Block> gated_panels(const GemmCall& call) {
  Key key;
  key << 10;
  return filled_copy(*call.weight, key, static_cast<size_t>(call.n * call.k) * sizeof(bf16), [&](void* to) {
    const Tensor weight = cast(passing_numbers(*call.weight), DType::bf16);
    pack_gated(call.n, call.k, weight.data<bf16>(), static_cast<bf16*>(to));
  });
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

bool has_dense(DType type) { return type == DType::f32 || (type == DType::bf16 && onednn::has_avx512()); }

void gemm(const GemmCall& call) {
  count_flops(2 * call.batch * call.m * call.n * call.k);
  if (call.batch == 0 || call.m == 0 || call.n == 0) return;
  if (call.weight && call.batch == 1 && call.b_transposed && !call.a_transposed && in_8_bits(*call.weight)) {
    const std::optional<onednn::OneThread> one = onednn::has_avx512() ? std::nullopt : std::optional<onednn::OneThread>(std::in_place);
    return onednn::multiply8(call);
  }
  if (call.gated) return gated_product(call, static_cast<const bf16*>(gated_panels(call)->data()));
  if (onednn::has_avx512()) return onednn::multiply(call, call.m);
  // Below AVX-512 oneDNN's products split the sum over threads. Here the rows are cut into parts whose number depends on the shape only, each for one thread.
  constexpr int64_t kMaxParts = 16, kMinRows = 24;
  const int64_t parts = std::clamp<int64_t>(call.m / kMinRows, 1, kMaxParts);
  if (DryRun::active()) {
    const onednn::OneThread one;
    return onednn::multiply(call, call.m);
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
    const onednn::OneThread one;
    for (int64_t i = begin; i < end; ++i) onednn::multiply(part(i), call.m);
  });
}

void conv_forward(const ConvForward& call) {
  count_flops(call.shape.flops());
  if (call.shape.groups == 1 && in_8_bits(*call.weight)) return onednn::convolve8(call);
  if (call.weight->body()->packing == WeightPacking::own && has_winograd(call)) return winograd(call, transformed(call)->data());
  onednn::convolve(call);
}

}  // namespace ptah::detail
