// Matrix products and the linear layer.
#include "base/parallel.h"
#include "base/profile.h"
#include "tensor/cpu/weight_gradient.h"
#include "tensor/ops.h"

namespace ptah {

namespace {

/// bf16 products that oneDNN 2.6 does not compute well on AMX are padded with zeros: a width that is no multiple of 16 gives sums
/// that depend on the number of threads, and an odd depth of 63 ends in an illegal instruction.
int64_t padded_width(int64_t n, DType type) { return type == DType::bf16 ? (n + 15) / 16 * 16 : n; }
int64_t padded_depth(int64_t k, DType type) { return type == DType::bf16 && k % 2 != 0 ? (k + 31) / 32 * 32 : k; }
bool fits(int64_t n, int64_t k, DType type) { return padded_width(n, type) == n && padded_depth(k, type) == k && k > 0; }

struct Product {
  const Tensor *a, *b;
  bool transpose_a, transpose_b;
  int64_t batch, m, n, k;
};

Tensor product(const Product& p, DType type, DType out_type) {
  const int64_t width = padded_width(p.n, type), depth = padded_depth(p.k, type);
  if (width != p.n || depth != p.k) {
    const int a_axis = p.a->rank() - (p.transpose_a ? 2 : 1), b_axis = p.b->rank() - (p.transpose_b ? 1 : 2);
    const Tensor deep = pad(p.a->detach(), a_axis, 0, depth - p.k);
    const Tensor wide = pad(pad(p.b->detach(), b_axis, 0, depth - p.k), p.b->rank() - (p.transpose_b ? 2 : 1), 0, width - p.n);
    Product q = p;
    q.a = &deep;
    q.b = &wide;
    q.n = width;
    q.k = depth;
    return slice(product(q, type, out_type), 2, 0, p.n);
  }
  Tensor out = Tensor::empty({p.batch, p.m, p.n}, out_type);
  if (p.k == 0) return Tensor::zeros(out.shape(), out_type);
  detail::gemm({.batch = p.batch,
                .m = p.m,
                .n = p.n,
                .k = p.k,
                .a = p.a->raw(),
                .a_type = type,
                .a_transposed = p.transpose_a,
                .b = p.b->raw(),
                .b_type = type,
                .b_transposed = p.transpose_b,
                .c = out.raw(),
                .c_type = out_type});
  return out;
}

}  // namespace

Tensor matmul(const Tensor& a, const Tensor& b, MatmulArgs args) {
  const Operation operation("matrix product");
  PTAH_CHECK(a.rank() >= 2 && a.rank() == b.rank(), "matmul of {} and {}", a.shape().str(), b.shape().str());
  if (!detail::has_dense(a.dtype())) return cast(matmul(cast(a, DType::f32), cast(b, DType::f32), args), a.dtype());
  const int last = a.rank() - 1;
  Product p{&a, &b, args.transpose_a, args.transpose_b, a.shape().product(0, last - 1), 0, 0, 0};
  p.m = a.dim(args.transpose_a ? last : last - 1);
  p.k = a.dim(args.transpose_a ? last - 1 : last);
  p.n = b.dim(args.transpose_b ? last - 1 : last);
  PTAH_CHECK(b.shape().product(0, last - 1) == p.batch && b.dim(args.transpose_b ? last : last - 1) == p.k, "matmul: {} and {} do not fit", a.shape().str(),
             b.shape().str());
  const Tensor same = cast(b.detach(), a.dtype());
  p.b = &same;
  Shape shape = a.shape();
  shape[last - 1] = p.m;
  shape[last] = p.n;
  Tensor out = product(p, a.dtype(), a.dtype()).reshape(shape);
  if (GradScope::wants({&a, &b}))
    GradScope::record(out, {a, b}, [a, b, args](const Tensor& grad) {
      const Tensor g = cast(grad, a.dtype());
      Tensor da, db;
      if (tracked(a))
        da = args.transpose_a ? matmul(cast(b, a.dtype()), g, {.transpose_a = args.transpose_b, .transpose_b = true})
                              : matmul(g, b, {.transpose_b = !args.transpose_b});
      if (tracked(b))
        db = args.transpose_b ? matmul(g, a, {.transpose_a = true, .transpose_b = args.transpose_a}) : matmul(a, g, {.transpose_a = !args.transpose_a});
      if (db.defined()) db = cast(db, b.dtype());
      return std::vector{da, db};
    });
  return out;
}

namespace {

/// g [1, m, n] · weight [n, k] → [1, m, k].
Tensor input_gradient(const Tensor& g, const Tensor& weight, DType type) {
  const int64_t m = g.dim(1), n = weight.dim(0), k = weight.dim(1);
  if (!fits(k, n, type)) {
    const Tensor same = cast(weight.detach(), type).reshape({1, n, k});
    return product({&g, &same, false, false, 1, m, k, n}, type, type);
  }
  const bool in_blocks = weight.dtype() == DType::blocks;
  const Tensor dense = in_blocks ? cast(weight, type) : Tensor();
  Tensor out = Tensor::empty({1, m, k}, type);
  detail::gemm({.m = m,
                .n = k,
                .k = n,
                .a = g.raw(),
                .a_type = type,
                .b = in_blocks ? dense.raw() : nullptr,
                .b_type = type,
                .weight = in_blocks ? nullptr : &weight,
                .c = out.raw(),
                .c_type = type});
  return out;
}

}  // namespace

Tensor linear(const Tensor& x, const Tensor& weight, const LinearArgs& args) {
  const Operation operation("linear");
  PTAH_CHECK(weight.rank() == 2 && x.rank() >= 1 && x.dim(-1) == weight.dim(1), "linear: x {} and weight {} do not fit", x.shape().str(), weight.shape().str());
  if (!detail::has_dense(x.dtype())) {
    LinearArgs wide = args;
    if (wide.residual.defined()) wide.residual = cast(wide.residual, DType::f32);
    return cast(linear(cast(x, DType::f32), weight, wide), x.dtype());
  }
  if (args.bias.defined())
    PTAH_CHECK(args.bias.dtype() == DType::f32 && args.bias.elements() == weight.dim(0), "linear: bias {} {} for weight {}", name_of(args.bias.dtype()),
               args.bias.shape().str(), weight.shape().str());
  const bool recording = GradScope::wants({&x, &weight, &args.bias, &args.residual});
  if (recording && args.activation != Activation::none) {
    const Tensor y = activate(linear(x, weight, {.bias = args.bias}), args.activation);
    return args.residual.defined() ? add(y, args.residual) : y;
  }
  const DType type = x.dtype();
  const bool in_blocks = weight.dtype() == DType::blocks;
  const int64_t n = weight.dim(0), k = weight.dim(1), m = k ? x.elements() / k : x.shape().product(0, x.rank() - 1);
  Shape shape = x.shape();
  shape[-1] = n;
  if (args.residual.defined())
    PTAH_CHECK(args.residual.shape() == shape && args.residual.dtype() == type, "linear: residual {} {} for result {} {}", name_of(args.residual.dtype()),
               args.residual.shape().str(), name_of(type), shape.str());
  Tensor out;
  if (!fits(n, k, type)) {
    const Tensor flat = x.detach().reshape({1, m, k}), same = cast(weight.detach(), type).reshape({1, n, k});
    out = product({&flat, &same, false, true, 1, m, n, k}, type, type).reshape(shape);
    const NoGrad off;
    if (args.bias.defined()) out = add(out, args.bias);
    out = activate(out, args.activation);
    if (args.residual.defined()) out = add(out, args.residual);
  } else {
    const Tensor dense = in_blocks ? cast(weight, type) : Tensor();
    out = Tensor::empty(shape, type);
    detail::gemm({.m = m,
                  .n = n,
                  .k = k,
                  .a = x.raw(),
                  .a_type = type,
                  .b = in_blocks ? dense.raw() : nullptr,
                  .b_type = type,
                  .b_transposed = true,
                  .weight = in_blocks ? nullptr : &weight,
                  .c = out.raw(),
                  .c_type = type,
                  .bias = args.bias.defined() ? args.bias.data<float>() : nullptr,
                  .activation = args.activation,
                  .residual = args.residual.defined() ? args.residual.raw() : nullptr});
  }
  if (recording)
    GradScope::record(out, {x, weight, args.bias, args.residual}, [x, weight, bias = args.bias, m, n, k](const Tensor& grad) {
      const DType own = x.dtype();
      const Tensor g = cast(grad, own).reshape({1, m, n});
      Tensor dx, dw, db;
      if (tracked(x)) dx = input_gradient(g, weight, own).reshape(x.shape());
      if (tracked(weight)) {
        const Tensor flat = x.detach().reshape({1, m, k});
        if (own == DType::bf16 && detail::has_tile_weight_gradient(m, n, k)) {
          dw = Tensor::empty(weight.shape());
          detail::tile_weight_gradient(g.data<bf16>(), flat.data<bf16>(), m, n, k, dw.data<float>());
          count_flops(2 * m * n * k);
        } else {
          dw = product({&g, &flat, true, false, 1, n, k, m}, own, DType::f32).reshape(weight.shape());
        }
      }
      if (tracked(bias)) db = sum_to(g, {n}).reshape(bias.shape());
      return std::vector{dx, dw, db, grad};
    });
  return out;
}

Tensor geglu(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  PTAH_CHECK(weight.rank() == 2 && x.rank() >= 1 && x.dim(-1) == weight.dim(1) && weight.dim(0) % 2 == 0, "geglu: x {} and weight {} do not fit",
             x.shape().str(), weight.shape().str());
  const int64_t n = weight.dim(0), k = weight.dim(1);
  detail::GemmCall call{.m = k ? x.elements() / k : 0, .n = n, .k = k, .a = x.raw(), .a_type = x.dtype(), .b_type = x.dtype(), .b_transposed = true};
  call.weight = &weight;
  call.c_type = x.dtype();
  call.gated = true;
  if (GradScope::wants({&x, &weight, &bias}) || !detail::takes_gated(call)) {
    const Tensor both = linear(x, weight, {.bias = bias});
    const int axis = both.rank() - 1;
    return mul(slice(both, axis, 0, n / 2), gelu_erf(slice(both, axis, n / 2, n)));
  }
  const Operation operation("linear");
  Shape shape = x.shape();
  shape[-1] = n / 2;
  Tensor out = Tensor::empty(shape, x.dtype());
  if (bias.defined()) {
    PTAH_CHECK(bias.dtype() == DType::f32 && bias.elements() == n, "geglu: bias {} {} for weight {}", name_of(bias.dtype()), bias.shape().str(),
               weight.shape().str());
    call.bias = bias.data<float>();
  }
  call.c = out.raw();
  detail::gemm(call);
  return out;
}

}  // namespace ptah
