// Group norm (Wu and He 2018) over pictures [n, h, w, c], with SiLU behind it where asked for. Three passes: sums, squares about the mean, and the result.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/ops/group_norm.cpp"
#include <hwy/foreach_target.h>

#include <cmath>
#include <vector>

#include "base/profile.h"
#include "tensor/cpu/simd-inl.h"
#include "tensor/ops.h"

#ifndef PTAH_TENSOR_OPS_GROUP_NORM_CALL
#define PTAH_TENSOR_OPS_GROUP_NORM_CALL
namespace ptah {
/// Pixels are taken in chunks whose sums are joined in order, so the number of threads does not matter.
struct GroupNormCall {
  static constexpr int64_t kChunk = 256;
  DType type;
  int64_t n, pixels, c;
  int64_t chunks() const { return (pixels + kChunk - 1) / kChunk; }
};
}  // namespace ptah
#endif

HWY_BEFORE_NAMESPACE();
namespace ptah::HWY_NAMESPACE {

/// body(picture, chunk, where its numbers begin, pixels) for every chunk.
template <class Body>
void each_chunk(const GroupNormCall& call, const Body& body) {
  const int64_t chunks = call.chunks();
  parallel_for(call.n * chunks, GroupNormCall::kChunk * call.c, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t picture = i / chunks, first = i % chunks * GroupNormCall::kChunk, pixels = std::min(GroupNormCall::kChunk, call.pixels - first);
      body(picture, i, (picture * call.pixels + first) * call.c, pixels);
    }
  });
}

/// sums [n · chunks, c]: of each channel's numbers, or (with `means` [n, c]) of the squares of their distances from it.
void group_norm_sums(const GroupNormCall& call, const void* in, const float* means, float* sums) {
  with_float_type(call.type, [&](auto tag) {
    using T = decltype(tag);
    const auto* x = static_cast<const T*>(in);
    each_chunk(call, [&](int64_t picture, int64_t chunk, int64_t at, int64_t pixels) {
      float* to = sums + chunk * call.c;
      std::fill_n(to, call.c, 0.0F);
      for (int64_t p = 0; p < pixels; ++p) {
        const T* from = x + at + p * call.c;
        for (int64_t i = 0; i < call.c; i += lanes()) {
          const int64_t some = call.c - i;
          VF v = load_n(from + i, some);
          if (means) {
            v = hn::Sub(v, load_n(means + picture * call.c + i, some));
            v = hn::Mul(v, v);
          }
          store_n(hn::Add(load_n(to + i, some), v), to + i, some);
        }
      }
    });
  });
}

/// y = x · gain + offset with one gain and offset for each picture and channel, then SiLU if asked for.
void group_norm_apply(const GroupNormCall& call, const void* in, const float* gain, const float* offset, bool silu, void* out) {
  with_float_type(call.type, [&](auto tag) {
    using T = decltype(tag);
    const auto* x = static_cast<const T*>(in);
    auto* y = static_cast<T*>(out);
    each_chunk(call, [&](int64_t picture, int64_t, int64_t at, int64_t pixels) {
      const float *by = gain + picture * call.c, *plus = offset + picture * call.c;
      for (int64_t p = 0; p < pixels; ++p)
        for (int64_t i = 0; i < call.c; i += lanes()) {
          const int64_t some = call.c - i, here = at + p * call.c + i;
          VF v = hn::MulAdd(load_n(x + here, some), load_n(by + i, some), load_n(plus + i, some));
          if (silu) v = hn::Mul(v, sigmoid(v));
          store_n(v, y + here, some);
        }
    });
  });
}

}  // namespace ptah::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ptah {

HWY_EXPORT(group_norm_sums);
HWY_EXPORT(group_norm_apply);

namespace {

/// From other ops, for gradients.
Tensor composed(const Tensor& x, int64_t groups, const NormArgs& args) {
  const int64_t n = x.dim(0), pixels = x.dim(1) * x.dim(2), c = x.dim(3);
  // One group's numbers side by side form a row of a norm without parameters; the channel's gain and offset come after.
  const Tensor rows = permute(x.reshape({n, pixels, groups, c / groups}), {0, 2, 1, 3}).reshape({n * groups, -1});
  const Tensor normal = layer_norm(rows, {.eps = args.eps});
  Tensor out = permute(normal.reshape({n, groups, pixels, c / groups}), {0, 2, 1, 3}).reshape(x.shape());
  if (args.weight.defined()) out = mul(out, args.weight);
  if (args.bias.defined()) out = add(out, args.bias);
  return out;
}

/// Means over a group's channels and all chunks: [n, c], the same for the channels of a group.
std::vector<double> group_means(const std::vector<float>& sums, const GroupNormCall& call, int64_t groups) {
  const int64_t width = call.c / groups, chunks = call.chunks();
  std::vector<double> out(static_cast<size_t>(call.n * call.c));
  for (int64_t b = 0; b < call.n; ++b)
    for (int64_t g = 0; g < groups; ++g) {
      double total = 0;
      for (int64_t k = 0; k < chunks; ++k)
        for (int64_t i = 0; i < width; ++i) total += static_cast<double>(sums[static_cast<size_t>((b * chunks + k) * call.c + g * width + i)]);
      for (int64_t i = 0; i < width; ++i) out[static_cast<size_t>(b * call.c + g * width + i)] = total / static_cast<double>(width * call.pixels);
    }
  return out;
}

}  // namespace

Tensor group_norm(const Tensor& x, int64_t groups, const NormArgs& args, bool with_silu) {
  const Operation operation("group norm (with SiLU)");
  PTAH_CHECK(x.rank() == 4 && is_float(x.dtype()) && groups > 0 && x.dim(3) % groups == 0, "group_norm of {} in {} groups", x.shape().str(), groups);
  for (const Tensor* p : {&args.weight, &args.bias})
    if (p->defined())
      PTAH_CHECK(p->dtype() == DType::f32 && p->elements() == x.dim(3), "group_norm: parameter {} {} for {}", name_of(p->dtype()), p->shape().str(),
                 x.shape().str());
  if (GradScope::wants({&x, &args.weight, &args.bias})) {
    const Tensor out = composed(x, groups, args);
    return with_silu ? silu(out) : out;
  }
  Tensor out = Tensor::empty(x.shape(), x.dtype());
  const GroupNormCall call{x.dtype(), x.dim(0), x.dim(1) * x.dim(2), x.dim(3)};
  if (DryRun::active() || x.elements() == 0) return out;
  const auto channels = static_cast<size_t>(call.n * call.c);
  std::vector<float> sums(static_cast<size_t>(call.n * call.chunks() * call.c)), means(channels), gain(channels), offset(channels);
  HWY_DYNAMIC_DISPATCH(group_norm_sums)(call, x.raw(), nullptr, sums.data());
  const std::vector<double> mean = group_means(sums, call, groups);
  for (size_t i = 0; i < channels; ++i) means[i] = static_cast<float>(mean[i]);
  HWY_DYNAMIC_DISPATCH(group_norm_sums)(call, x.raw(), means.data(), sums.data());
  const std::vector<double> variance = group_means(sums, call, groups);
  for (size_t i = 0; i < channels; ++i) {
    const size_t channel = i % static_cast<size_t>(call.c);
    const double scale =
        1 / std::sqrt(variance[i] + static_cast<double>(args.eps)) * (args.weight.defined() ? static_cast<double>(args.weight.data<float>()[channel]) : 1);
    gain[i] = static_cast<float>(scale);
    offset[i] = static_cast<float>((args.bias.defined() ? static_cast<double>(args.bias.data<float>()[channel]) : 0) - mean[i] * scale);
  }
  HWY_DYNAMIC_DISPATCH(group_norm_apply)(call, x.raw(), gain.data(), offset.data(), with_silu, out.raw());
  return out;
}

}  // namespace ptah
#endif
