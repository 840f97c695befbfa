// Element-by-element functions of one tensor. Each formula stands beside its derivative.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/ops/unary.cpp"
#include <hwy/foreach_target.h>

#include <cmath>

#include "base/profile.h"
#include "tensor/cpu/simd-inl.h"
#include "tensor/ops.h"

#ifndef PTAH_TENSOR_OPS_UNARY_KIND
#define PTAH_TENSOR_OPS_UNARY_KIND
namespace ptah {
enum class Unary { relu, leaky_relu, silu, gelu, gelu_erf, tanh, sigmoid, exp, log, sqrt, abs, square, affine };
}
#endif

HWY_BEFORE_NAMESPACE();
namespace ptah::HWY_NAMESPACE {

constexpr float kGeluInner = 0.7978845608028654F, kGeluCube = 0.044715F, kRootHalf = 0.7071067811865476F, kNormalPeak = 0.3989422804014327F;

HWY_INLINE VF slow(VF x, float (*f)(float)) {
  HWY_ALIGN float values[kMaxLanes];
  hn::Store(x, DF(), values);
  for (int64_t i = 0; i < lanes(); ++i) values[i] = f(values[i]);
  return hn::Load(DF(), values);
}

HWY_INLINE VF value(Unary kind, VF x, VF p, VF q) {
  switch (kind) {
    case Unary::relu:
      return hn::Max(x, hn::Zero(DF()));
    case Unary::leaky_relu:
      return hn::IfThenElse(hn::Gt(x, hn::Zero(DF())), x, hn::Mul(x, p));
    case Unary::silu:
      return hn::Mul(x, sigmoid(x));
    case Unary::gelu: {
      const VF inner = hn::Mul(hn::Mul(x, splat(2 * kGeluInner)), hn::MulAdd(hn::Mul(x, x), splat(kGeluCube), splat(1.0F)));
      return hn::Mul(x, sigmoid(inner));
    }
    case Unary::gelu_erf:
      return gelu_erf(x);
    case Unary::tanh:
      return tanh(x);
    case Unary::sigmoid:
      return sigmoid(x);
    case Unary::exp:
      return exp(x);
    case Unary::log:
      return slow(x, [](float v) { return std::log(v); });
    case Unary::sqrt:
      return hn::Sqrt(x);
    case Unary::abs:
      return hn::Abs(x);
    case Unary::square:
      return hn::Mul(x, x);
    case Unary::affine:
      return hn::MulAdd(x, p, q);
  }
  return x;
}

HWY_INLINE VF derivative(Unary kind, VF x, VF p) {
  const VF zero = hn::Zero(DF()), one = splat(1.0F);
  switch (kind) {
    case Unary::relu:
      return hn::IfThenElse(hn::Gt(x, zero), one, zero);
    case Unary::leaky_relu:
      return hn::IfThenElse(hn::Gt(x, zero), one, p);
    case Unary::silu: {
      const VF s = sigmoid(x);
      return hn::Mul(s, hn::MulAdd(x, hn::Sub(one, s), one));
    }
    case Unary::gelu: {  // x·σ(u), u = 2a(x + c·x³)
      const VF square = hn::Mul(x, x);
      const VF s = sigmoid(hn::Mul(hn::Mul(x, splat(2 * kGeluInner)), hn::MulAdd(square, splat(kGeluCube), one)));
      const VF slope = hn::Mul(splat(2 * kGeluInner), hn::MulAdd(square, splat(3 * kGeluCube), one));
      return hn::Mul(s, hn::MulAdd(hn::Mul(x, slope), hn::Sub(one, s), one));
    }
    case Unary::gelu_erf: {  // Φ(x) + x·φ(x)
      const VF below = hn::MulAdd(splat(0.5F), erf(hn::Mul(x, splat(kRootHalf))), splat(0.5F));
      return hn::MulAdd(hn::Mul(x, splat(kNormalPeak)), exp(hn::Mul(hn::Mul(x, x), splat(-0.5F))), below);
    }
    case Unary::tanh: {
      const VF y = tanh(x);
      return hn::NegMulAdd(y, y, one);
    }
    case Unary::sigmoid: {
      const VF s = sigmoid(x);
      return hn::Mul(s, hn::Sub(one, s));
    }
    case Unary::exp:
      return exp(x);
    case Unary::log:
      return hn::Div(one, x);
    case Unary::sqrt:
      return hn::Div(splat(0.5F), hn::Sqrt(x));
    case Unary::abs:
      return hn::IfThenElse(hn::Eq(x, zero), zero, hn::CopySign(one, x));
    case Unary::square:
      return hn::Add(x, x);
    case Unary::affine:
      return p;
  }
  return x;
}

template <Unary kind>
HWY_NOINLINE void forward_kind(DType type, const void* in, void* out, int64_t count, float p, float q) {
  with_float_type(type, [&](auto tag) {
    using T = decltype(tag);
    const T* x = static_cast<const T*>(in);
    T* y = static_cast<T*>(out);
    in_chunks(count, 2, [&](int64_t first, int64_t last) {
      for (int64_t i = first; i < last; i += lanes()) store_n(value(kind, load_n(x + i, last - i), splat(p), splat(q)), y + i, last - i);
    });
  });
}

template <Unary kind>
HWY_NOINLINE void backward_kind(DType type, const void* in, const void* grad, void* out, int64_t count, float p) {
  with_float_type(type, [&](auto tag) {
    using T = decltype(tag);
    const T *x = static_cast<const T*>(in), *g = static_cast<const T*>(grad);
    T* dx = static_cast<T*>(out);
    in_chunks(count, 3, [&](int64_t first, int64_t last) {
      for (int64_t i = first; i < last; i += lanes())
        store_n(hn::Mul(load_n(g + i, last - i), derivative(kind, load_n(x + i, last - i), splat(p))), dx + i, last - i);
    });
  });
}

#define PTAH_UNARY_KINDS(X) X(relu) X(leaky_relu) X(silu) X(gelu) X(gelu_erf) X(tanh) X(sigmoid) X(exp) X(log) X(sqrt) X(abs) X(square) X(affine)

void unary_forward(Unary kind, DType type, const void* in, void* out, int64_t count, float p, float q) {
  switch (kind) {
#define X(NAME)     \
  case Unary::NAME: \
    return forward_kind<Unary::NAME>(type, in, out, count, p, q);
    PTAH_UNARY_KINDS(X)
#undef X
  }
}

void unary_backward(Unary kind, DType type, const void* in, const void* grad, void* out, int64_t count, float p) {
  switch (kind) {
#define X(NAME)     \
  case Unary::NAME: \
    return backward_kind<Unary::NAME>(type, in, grad, out, count, p);
    PTAH_UNARY_KINDS(X)
#undef X
  }
}

}  // namespace ptah::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ptah {

HWY_EXPORT(unary_forward);
HWY_EXPORT(unary_backward);

namespace {

Tensor unary(Unary kind, const Tensor& x, float p = 0, float q = 0) {
  const Operation operation("element by element");
  PTAH_CHECK(is_float(x.dtype()), "needs a float tensor, not {}", name_of(x.dtype()));
  Tensor out = Tensor::empty(x.shape(), x.dtype());
  HWY_DYNAMIC_DISPATCH(unary_forward)(kind, x.dtype(), x.raw(), out.raw(), x.elements(), p, q);
  if (GradScope::wants({&x}))
    GradScope::record(out, {x}, [kind, x, p](const Tensor& grad) {
      const Tensor g = cast(grad, x.dtype());
      Tensor dx = Tensor::empty(x.shape(), x.dtype());
      HWY_DYNAMIC_DISPATCH(unary_backward)(kind, x.dtype(), x.raw(), g.raw(), dx.raw(), x.elements(), p);
      return std::vector{dx};
    });
  return out;
}

}  // namespace

Tensor relu(const Tensor& x) { return unary(Unary::relu, x); }
Tensor leaky_relu(const Tensor& x, float slope) { return unary(Unary::leaky_relu, x, slope); }
Tensor silu(const Tensor& x) { return unary(Unary::silu, x); }
Tensor gelu(const Tensor& x) { return unary(Unary::gelu, x); }
Tensor gelu_erf(const Tensor& x) { return unary(Unary::gelu_erf, x); }
Tensor tanh(const Tensor& x) { return unary(Unary::tanh, x); }
Tensor sigmoid(const Tensor& x) { return unary(Unary::sigmoid, x); }
Tensor exp(const Tensor& x) { return unary(Unary::exp, x); }
Tensor log(const Tensor& x) { return unary(Unary::log, x); }
Tensor sqrt(const Tensor& x) { return unary(Unary::sqrt, x); }
Tensor abs(const Tensor& x) { return unary(Unary::abs, x); }
Tensor square(const Tensor& x) { return unary(Unary::square, x); }
Tensor affine(const Tensor& x, float factor, float term) { return unary(Unary::affine, x, factor, term); }

Tensor activate(const Tensor& x, Activation activation) {
  switch (activation) {
    case Activation::none:
      return x;
    case Activation::relu:
      return relu(x);
    case Activation::silu:
      return silu(x);
    case Activation::gelu:
      return gelu(x);
    case Activation::gelu_erf:
      return gelu_erf(x);
    case Activation::tanh:
      return tanh(x);
    case Activation::sigmoid:
      return sigmoid(x);
  }
  return x;
}

}  // namespace ptah
#endif
