// Element-by-element functions of two tensors with NumPy broadcasting.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/ops/binary.cpp"
#include <hwy/foreach_target.h>

#include "base/profile.h"
#include "tensor/cpu/simd-inl.h"
#include "tensor/ops.h"

#ifndef PTAH_TENSOR_OPS_BINARY_KIND
#define PTAH_TENSOR_OPS_BINARY_KIND
namespace ptah {
/// The last two are masks: where a is the larger (smaller) one; a tie counts for both as one half, as in PyTorch.
enum class Binary { add, sub, mul, div, maximum, minimum, mask_greater, mask_less };
/// Both operands seen over the result's shape: [outer.., inner] with a step of 0 where an operand is repeated.
struct BroadcastPlan {
  int64_t rows = 1, inner = 1;  ///< the result is rows × inner
  int64_t dims[6] = {1, 1, 1, 1, 1, 1}, a_steps[6] = {}, b_steps[6] = {};
  int outer_rank = 0;
  bool a_repeats = false, b_repeats = false;  ///< within a row
};
}  // namespace ptah
#endif

HWY_BEFORE_NAMESPACE();
namespace ptah::HWY_NAMESPACE {

HWY_INLINE VF combine(Binary kind, VF a, VF b) {
  switch (kind) {
    case Binary::add:
      return hn::Add(a, b);
    case Binary::sub:
      return hn::Sub(a, b);
    case Binary::mul:
      return hn::Mul(a, b);
    case Binary::div:
      return hn::Div(a, b);
    case Binary::maximum:
      return hn::Max(a, b);
    case Binary::minimum:
      return hn::Min(a, b);
    case Binary::mask_greater:
    case Binary::mask_less: {
      const auto wins = kind == Binary::mask_greater ? hn::Gt(a, b) : hn::Lt(a, b);
      return hn::IfThenElse(wins, splat(1.0F), hn::IfThenElse(hn::Eq(a, b), splat(0.5F), hn::Zero(DF())));
    }
  }
  return a;
}

template <Binary kind, class A, class B>
HWY_NOINLINE void binary_rows(const BroadcastPlan& plan, const A* a, const B* b, A* out) {
  const auto row_loop = [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      int64_t rest = row, a_at = 0, b_at = 0;
      for (int axis = plan.outer_rank - 1; axis >= 0; --axis) {
        const int64_t index = rest % plan.dims[axis];
        rest /= plan.dims[axis];
        a_at += index * plan.a_steps[axis];
        b_at += index * plan.b_steps[axis];
      }
      A* to = out + row * plan.inner;
      const VF a_one = plan.a_repeats ? splat(to_float(a[a_at])) : hn::Zero(DF());
      const VF b_one = plan.b_repeats ? splat(to_float(b[b_at])) : hn::Zero(DF());
      for (int64_t i = 0; i < plan.inner; i += lanes()) {
        const int64_t left = plan.inner - i;
        const VF x = plan.a_repeats ? a_one : load_n(a + a_at + i, left);
        const VF y = plan.b_repeats ? b_one : load_n(b + b_at + i, left);
        store_n(combine(kind, x, y), to + i, left);
      }
    }
  };
  parallel_for(plan.rows, plan.inner * 2, row_loop);
}

void binary_forward(Binary kind, const BroadcastPlan& plan, DType a_type, const void* a, DType b_type, const void* b, void* out) {
  with_float_type(a_type, [&](auto at) {
    with_float_type(b_type, [&](auto bt) {
      using A = decltype(at);
      using B = decltype(bt);
      const auto run = [&](auto which) { binary_rows<decltype(which)::value>(plan, static_cast<const A*>(a), static_cast<const B*>(b), static_cast<A*>(out)); };
      switch (kind) {
#define X(NAME)      \
  case Binary::NAME: \
    return run(std::integral_constant<Binary, Binary::NAME>());
        X(add) X(sub) X(mul) X(div) X(maximum) X(minimum) X(mask_greater) X(mask_less)
#undef X
      }
    });
  });
}

}  // namespace ptah::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ptah {

HWY_EXPORT(binary_forward);

namespace {

Shape broadcast_shape(const Shape& a, const Shape& b) {
  const int rank = std::max(a.rank(), b.rank());
  std::vector<int64_t> dims(static_cast<size_t>(rank));
  for (int i = 0; i < rank; ++i) {
    const int64_t x = i < rank - a.rank() ? 1 : a[i - (rank - a.rank())];
    const int64_t y = i < rank - b.rank() ? 1 : b[i - (rank - b.rank())];
    PTAH_CHECK(x == y || x == 1 || y == 1, "shapes {} and {} do not broadcast", a.str(), b.str());
    dims[static_cast<size_t>(i)] = x == 1 ? y : x;
  }
  return Shape(dims);
}

/// Steps of `shape` over the result's axes; 0 where it is repeated.
std::vector<int64_t> steps_over(const Shape& shape, const Shape& result) {
  std::vector<int64_t> steps(static_cast<size_t>(result.rank()), 0);
  int64_t step = 1;
  for (int i = shape.rank() - 1; i >= 0; --i) {
    const int axis = i + result.rank() - shape.rank();
    if (shape[i] != 1) steps[static_cast<size_t>(axis)] = step;
    step *= shape[i];
  }
  return steps;
}

BroadcastPlan plan_broadcast(const Shape& a, const Shape& b, const Shape& result) {
  const auto a_steps = steps_over(a, result), b_steps = steps_over(b, result);
  BroadcastPlan plan;
  // Axes are joined from the inside while both operands run through them densely or both stand still.
  int axis = result.rank() - 1;
  bool first = true;
  for (; axis >= 0; --axis) {
    const auto i = static_cast<size_t>(axis);
    if (result[axis] == 1) continue;
    const bool a_still = a_steps[i] == 0, b_still = b_steps[i] == 0;
    if (first) {
      plan.a_repeats = a_still;
      plan.b_repeats = b_still;
      first = false;
    } else if (a_still != plan.a_repeats || b_still != plan.b_repeats) {
      break;
    }
    plan.inner *= result[axis];
  }
  plan.outer_rank = axis + 1;
  for (int i = 0; i <= axis; ++i) {
    plan.dims[i] = result[i];
    plan.a_steps[i] = a_steps[static_cast<size_t>(i)];
    plan.b_steps[i] = b_steps[static_cast<size_t>(i)];
    plan.rows *= result[i];
  }
  if (plan.rows == 1 && !plan.a_repeats && !plan.b_repeats && plan.inner > 8192 && plan.inner % 4096 == 0) {
    plan.outer_rank = 1;  // one long row: cut it so that threads can share it
    plan.rows = plan.dims[0] = plan.inner / 4096;
    plan.a_steps[0] = plan.b_steps[0] = plan.inner = 4096;
  }
  return plan;
}

Tensor run(Binary kind, const Tensor& a, const Tensor& b) {
  const Operation operation("element by element");
  PTAH_CHECK(is_float(a.dtype()) && is_float(b.dtype()), "needs float tensors, not {} and {}", name_of(a.dtype()), name_of(b.dtype()));
  const Shape shape = broadcast_shape(a.shape(), b.shape());
  Tensor out = Tensor::empty(shape, a.dtype());
  if (shape.elements() == 0) return out;
  HWY_DYNAMIC_DISPATCH(binary_forward)(kind, plan_broadcast(a.shape(), b.shape(), shape), a.dtype(), a.raw(), b.dtype(), b.raw(), out.raw());
  return out;
}

Tensor shaped(const Tensor& grad, const Tensor& like) { return cast(grad.shape() == like.shape() ? grad : sum_to(grad, like.shape()), like.dtype()); }

template <class GradA, class GradB>
Tensor recorded(Binary kind, const Tensor& a, const Tensor& b, const GradA& grad_a, const GradB& grad_b) {
  Tensor out = run(kind, a, b);
  if (GradScope::wants({&a, &b}))
    GradScope::record(out, {a, b}, [a, b, grad_a, grad_b](const Tensor& g) {
      return std::vector{tracked(a) ? shaped(grad_a(g, a, b), a) : Tensor(), tracked(b) ? shaped(grad_b(g, a, b), b) : Tensor()};
    });
  return out;
}

using T = const Tensor&;
Tensor pass(T g, T, T) { return g; }
Tensor negate(T g, T, T) { return affine(g, -1); }

}  // namespace

Tensor add(const Tensor& a, const Tensor& b) { return recorded(Binary::add, a, b, pass, pass); }
Tensor sub(const Tensor& a, const Tensor& b) { return recorded(Binary::sub, a, b, pass, negate); }

Tensor mul(const Tensor& a, const Tensor& b) {
  return recorded(
      Binary::mul, a, b, [](T g, T, T y) { return run(Binary::mul, g, y); }, [](T g, T x, T) { return run(Binary::mul, g, x); });
}

Tensor div(const Tensor& a, const Tensor& b) {
  return recorded(
      Binary::div, a, b, [](T g, T, T y) { return run(Binary::div, g, y); },
      [](T g, T x, T y) { return affine(run(Binary::div, run(Binary::div, run(Binary::mul, g, x), y), y), -1); });
}

Tensor maximum(const Tensor& a, const Tensor& b) {
  return recorded(
      Binary::maximum, a, b, [](T g, T x, T y) { return run(Binary::mul, g, run(Binary::mask_greater, x, y)); },
      [](T g, T x, T y) { return run(Binary::mul, g, run(Binary::mask_less, x, y)); });
}

Tensor minimum(const Tensor& a, const Tensor& b) {
  return recorded(
      Binary::minimum, a, b, [](T g, T x, T y) { return run(Binary::mul, g, run(Binary::mask_less, x, y)); },
      [](T g, T x, T y) { return run(Binary::mul, g, run(Binary::mask_greater, x, y)); });
}

}  // namespace ptah
#endif
