// Two-dimensional convolution.
#include "base/parallel.h"
#include "base/profile.h"
#include "tensor/ops.h"

namespace ptah {

Tensor conv2d(const Tensor& x, const Tensor& weight, const Conv2dArgs& args) {
  const Operation operation(weight.dim(2) == 1 ? "convolution 1 × 1" : weight.dim(2) == 3 ? "convolution 3 × 3" : "convolution of another size");
  PTAH_CHECK(x.rank() == 4 && weight.rank() == 4 && args.groups > 0 && x.dim(3) == weight.dim(1) * args.groups && weight.dim(0) % args.groups == 0,
             "conv2d: x {} and weight {} with {} groups do not fit", x.shape().str(), weight.shape().str(), args.groups);
  PTAH_CHECK(args.stride > 0 && args.padding >= 0, "conv2d: stride {}, padding {}", args.stride, args.padding);
  if (!detail::has_dense(x.dtype())) {
    Conv2dArgs wide = args;
    if (wide.residual.defined()) wide.residual = cast(wide.residual, DType::f32);
    return cast(conv2d(cast(x, DType::f32), weight, wide), x.dtype());
  }
  if (args.bias.defined())
    PTAH_CHECK(args.bias.dtype() == DType::f32 && args.bias.elements() == weight.dim(0), "conv2d: bias {} for weight {}", args.bias.shape().str(),
               weight.shape().str());
  const bool recording = GradScope::wants({&x, &weight, &args.bias, &args.residual});
  if (recording && args.activation != Activation::none) {
    Conv2dArgs plain = args;
    plain.activation = Activation::none;
    plain.residual = {};
    const Tensor y = activate(conv2d(x, weight, plain), args.activation);
    return args.residual.defined() ? add(y, args.residual) : y;
  }
  const auto extent = [&](int64_t in, int64_t kernel) { return (in + 2 * args.padding - kernel) / args.stride + 1; };
  const detail::ConvShape shape{
      x.dim(0),      x.dim(1),    x.dim(2),     x.dim(3),   extent(x.dim(1), weight.dim(2)), extent(x.dim(2), weight.dim(3)), weight.dim(0), weight.dim(2),
      weight.dim(3), args.stride, args.padding, args.groups};
  PTAH_CHECK(shape.out_height > 0 && shape.out_width > 0, "conv2d: kernel {} is larger than the padded picture {}", weight.shape().str(), x.shape().str());
  Tensor out = Tensor::empty({shape.batch, shape.out_height, shape.out_width, shape.out_channels}, x.dtype());
  if (args.residual.defined())
    PTAH_CHECK(args.residual.shape() == out.shape() && args.residual.dtype() == x.dtype(), "conv2d: residual {} for result {}", args.residual.shape().str(),
               out.shape().str());
  if (out.elements() > 0)
    detail::conv_forward({shape, x.dtype(), x.raw(), &weight, args.bias.defined() ? args.bias.data<float>() : nullptr, args.activation,
                          args.residual.defined() ? args.residual.raw() : nullptr, out.raw()});
  if (recording)
    GradScope::record(out, {x, weight, args.bias, args.residual}, [x, weight, bias = args.bias, shape](const Tensor& grad) {
      const Tensor g = cast(grad, x.dtype());
      Tensor dx, dw, db;
      if (tracked(x)) {
        dx = Tensor::empty(x.shape(), x.dtype());
        if (dx.elements() > 0) detail::conv_backward_data(shape, x.dtype(), g.raw(), weight, dx.raw());
      }
      if (tracked(weight)) {
        dw = Tensor::zeros(weight.shape());
        if (g.elements() > 0) detail::conv_backward_weights(shape, x.dtype(), x.raw(), g.raw(), dw.data<float>());
      }
      if (tracked(bias)) db = sum_to(g.reshape({-1, g.dim(3)}), {g.dim(3)}).reshape(bias.shape());
      return std::vector{dx, dw, db, grad};
    });
  return out;
}

}  // namespace ptah
