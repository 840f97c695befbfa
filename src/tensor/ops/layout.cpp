// Moving numbers about: permute, concat, slice, pad, pixel shuffle. All work on bytes, so every dtype will do.
#include <cstring>

#include "base/parallel.h"
#include "base/profile.h"
#include "tensor/ops.h"

namespace ptah {

namespace {

/// Copies rows × bytes between strided places.
void copy_rows(const char* from, int64_t from_step, char* to, int64_t to_step, int64_t rows, int64_t bytes) {
  parallel_for(rows, bytes / 4 + 8, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      if (bytes > 0) std::memcpy(to + i * to_step, from + i * from_step, static_cast<size_t>(bytes));
  });
}

struct AxisView {
  int64_t outer, n, inner_bytes;
};
AxisView view(const Tensor& x, int axis) {
  return {x.shape().product(0, axis), x.dim(axis), x.shape().product(axis + 1, x.rank()) * static_cast<int64_t>(size_of(x.dtype()))};
}

const char* chars(const Tensor& x) { return static_cast<const char*>(x.raw()); }
char* chars(Tensor& x) { return static_cast<char*>(x.raw()); }

template <class T>
void permute_elements(const T* in, T* out, const Shape& shape, const std::array<int64_t, Shape::kMaxDims>& steps) {
  const int rank = shape.rank();
  const int64_t inner = shape[rank - 1], inner_step = steps[static_cast<size_t>(rank - 1)];
  parallel_for(inner ? shape.elements() / inner : 0, inner * 2, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      int64_t rest = row, at = 0;
      for (int axis = rank - 2; axis >= 0; --axis) {
        at += rest % shape[axis] * steps[static_cast<size_t>(axis)];
        rest /= shape[axis];
      }
      T* to = out + row * inner;
      if (inner_step == 1)
        std::memcpy(to, in + at, static_cast<size_t>(inner) * sizeof(T));
      else
        for (int64_t i = 0; i < inner; ++i) to[i] = in[at + i * inner_step];
    }
  });
}

}  // namespace

Tensor permute(const Tensor& x, const std::vector<int>& order) {
  const Operation operation("layout");
  PTAH_CHECK(static_cast<int>(order.size()) == x.rank(), "order of {} axes for shape {}", order.size(), x.shape().str());
  std::vector<int64_t> dims;
  std::vector<int> inverse(order.size(), -1);
  std::array<int64_t, Shape::kMaxDims> steps{};
  for (size_t i = 0; i < order.size(); ++i) {
    const int axis = x.shape().normal(order[i]);
    PTAH_CHECK(inverse[static_cast<size_t>(axis)] == -1, "axis {} appears twice", axis);
    inverse[static_cast<size_t>(axis)] = static_cast<int>(i);
    dims.push_back(x.dim(axis));
    steps[i] = x.shape().product(axis + 1, x.rank());
  }
  Tensor out = Tensor::empty(Shape(dims), x.dtype());
  switch (x.rank() ? size_of(x.dtype()) : 0) {
    case 4:
      permute_elements(static_cast<const uint32_t*>(x.raw()), static_cast<uint32_t*>(out.raw()), out.shape(), steps);
      break;
    case 2:
      permute_elements(static_cast<const uint16_t*>(x.raw()), static_cast<uint16_t*>(out.raw()), out.shape(), steps);
      break;
    case 1:
      permute_elements(static_cast<const uint8_t*>(x.raw()), static_cast<uint8_t*>(out.raw()), out.shape(), steps);
      break;
    default:
      return x;
  }
  if (GradScope::wants({&x})) GradScope::record(out, {x}, [inverse](const Tensor& grad) { return std::vector{permute(grad, inverse)}; });
  return out;
}

Tensor concat(const std::vector<Tensor>& parts, int axis) {
  const Operation operation("layout");
  PTAH_CHECK(!parts.empty(), "concat of nothing");
  axis = parts[0].shape().normal(axis);
  Shape shape = parts[0].shape();
  shape[axis] = 0;
  bool wanted = false;
  for (const Tensor& part : parts) {
    Shape like = part.shape();
    PTAH_CHECK(like.rank() == shape.rank() && part.dtype() == parts[0].dtype(), "concat: {} {} beside {} {}", name_of(part.dtype()), like.str(),
               name_of(parts[0].dtype()), parts[0].shape().str());
    shape[axis] += like[axis];
    like[axis] = parts[0].dim(axis);
    PTAH_CHECK(like == parts[0].shape(), "concat: {} beside {}", part.shape().str(), parts[0].shape().str());
    wanted = wanted || GradScope::wants({&part});
  }
  Tensor out = Tensor::empty(shape, parts[0].dtype());
  const AxisView whole = view(out, axis);
  int64_t at = 0;
  for (const Tensor& part : parts) {
    const AxisView v = view(part, axis);
    if (!DryRun::active())
      copy_rows(chars(part), v.n * v.inner_bytes, chars(out) + at * v.inner_bytes, whole.n * whole.inner_bytes, v.outer, v.n * v.inner_bytes);
    at += v.n;
  }
  if (wanted)
    GradScope::record(out, parts, [parts, axis](const Tensor& grad) {
      std::vector<Tensor> grads;
      int64_t begin = 0;
      for (const Tensor& part : parts) {
        grads.push_back(tracked(part) ? slice(grad, axis, begin, begin + part.dim(axis)) : Tensor());
        begin += part.dim(axis);
      }
      return grads;
    });
  return out;
}

Tensor slice(const Tensor& x, int axis, int64_t begin, int64_t end) {
  const Operation operation("layout");
  axis = x.shape().normal(axis);
  PTAH_CHECK(begin >= 0 && begin <= end && end <= x.dim(axis), "slice [{}, {}) of axis {} of {}", begin, end, axis, x.shape().str());
  Shape shape = x.shape();
  shape[axis] = end - begin;
  Tensor out = Tensor::empty(shape, x.dtype());
  const AxisView v = view(x, axis);
  if (!DryRun::active())
    copy_rows(chars(x) + begin * v.inner_bytes, v.n * v.inner_bytes, chars(out), (end - begin) * v.inner_bytes, v.outer, (end - begin) * v.inner_bytes);
  if (GradScope::wants({&x}))
    GradScope::record(out, {x}, [axis, begin, after = x.dim(axis) - end](const Tensor& grad) { return std::vector{pad(grad, axis, begin, after)}; });
  return out;
}

Tensor pad(const Tensor& x, int axis, int64_t before, int64_t after, float value) {
  axis = x.shape().normal(axis);
  PTAH_CHECK(before >= 0 && after >= 0, "padding {} and {}", before, after);
  Shape shape = x.shape();
  shape[axis] += before + after;
  Tensor out = Tensor::full(shape, value, x.dtype());
  const AxisView v = view(x, axis);
  if (!DryRun::active())
    copy_rows(chars(x), v.n * v.inner_bytes, chars(out) + before * v.inner_bytes, shape[axis] * v.inner_bytes, v.outer, v.n * v.inner_bytes);
  if (GradScope::wants({&x}))
    GradScope::record(out, {x}, [axis, before, n = x.dim(axis)](const Tensor& grad) { return std::vector{slice(grad, axis, before, before + n)}; });
  return out;
}

Tensor pixel_shuffle(const Tensor& x, int64_t r) {
  PTAH_CHECK(x.rank() == 4 && r > 0 && x.dim(3) % (r * r) == 0, "pixel_shuffle by {} of {}", r, x.shape().str());
  const int64_t n = x.dim(0), h = x.dim(1), w = x.dim(2), c = x.dim(3) / (r * r);
  return permute(x.reshape({n * h, w, c, r, r}), {0, 3, 1, 4, 2}).reshape({n, h * r, w * r, c});
}

Tensor pixel_unshuffle(const Tensor& x, int64_t r) {
  PTAH_CHECK(x.rank() == 4 && r > 0 && x.dim(1) % r == 0 && x.dim(2) % r == 0, "pixel_unshuffle by {} of {}", r, x.shape().str());
  const int64_t n = x.dim(0), h = x.dim(1) / r, w = x.dim(2) / r, c = x.dim(3);
  return permute(x.reshape({n * h, r, w, r, c}), {0, 2, 4, 1, 3}).reshape({n, h, w, c * r * r});
}

}  // namespace ptah
