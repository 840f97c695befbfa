// Rows by index.
#include <cstring>

#include "base/parallel.h"
#include "tensor/blocks.h"
#include "tensor/ops.h"

namespace ptah {

namespace {

void check_ids(const Tensor& ids, int64_t rows) {
  PTAH_CHECK(ids.dtype() == DType::i32, "ids are {}, not i32", name_of(ids.dtype()));
  if (DryRun::active()) return;
  for (const int32_t id : ids.span<int32_t>()) PTAH_CHECK(id >= 0 && id < rows, "id {} of a table of {} rows", id, rows);
}

/// table[ids[i]] += grad[i], f32; every thread owns a range of columns, so the order of the sums is fixed.
Tensor scatter_add(const Tensor& grad, const Tensor& ids, const Shape& shape) {
  Tensor out = Tensor::zeros(shape);
  const int64_t width = shape.product(1, shape.rank()), count = ids.elements();
  const Tensor g = cast(grad, DType::f32);
  constexpr int64_t kColumns = 64;
  parallel_for((width + kColumns - 1) / kColumns, count * kColumns, [&](int64_t begin, int64_t end) {
    const int64_t first = begin * kColumns, last = std::min(width, end * kColumns);
    for (int64_t i = 0; i < count; ++i) {
      const float* from = g.data<float>() + i * width;
      float* to = out.data<float>() + ids.data<int32_t>()[i] * width;
      for (int64_t c = first; c < last; ++c) to[c] += from[c];
    }
  });
  return out;
}

/// Rows of a table in blocks.
Tensor dequantized_rows(const Tensor& table, const Tensor& ids, DType type) {
  check_ids(ids, table.dim(0));
  if (type == DType::f16) return cast(dequantized_rows(table, ids, DType::f32), type);
  PTAH_CHECK(is_float(type), "embedding in {}", name_of(type));
  const int64_t width = table.dim(1);
  Tensor out = Tensor::empty({ids.elements(), width}, type);
  if (DryRun::active()) return out;
  const BlockMatrix m = table.block_matrix();
  parallel_for(ids.elements(), width, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const uint8_t* row = m.row(ids.data<int32_t>()[i]);
      if (type == DType::f32)
        dequantize(m.type, row, width, out.data<float>() + i * width);
      else
        dequantize(m.type, row, width, out.data<bf16>() + i * width);
    }
  });
  return out;
}

}  // namespace

Tensor gather(const Tensor& x, const Tensor& ids) {
  PTAH_CHECK(x.dtype() != DType::blocks && x.rank() >= 1 && ids.rank() == 1, "gather from {} by {}", x.shape().str(), ids.shape().str());
  check_ids(ids, x.dim(0));
  Shape shape = x.shape();
  shape[0] = ids.dim(0);
  Tensor out = Tensor::empty(shape, x.dtype());
  const auto bytes = static_cast<size_t>(x.shape().product(1, x.rank())) * size_of(x.dtype());
  parallel_for(ids.elements(), static_cast<int64_t>(bytes) / 4 + 4, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      std::memcpy(static_cast<char*>(out.raw()) + static_cast<size_t>(i) * bytes,
                  static_cast<const char*>(x.raw()) + static_cast<size_t>(ids.data<int32_t>()[i]) * bytes, bytes);
  });
  if (GradScope::wants({&x}))
    GradScope::record(out, {x},
                      [ids, shape = x.shape(), type = x.dtype()](const Tensor& grad) { return std::vector{cast(scatter_add(grad, ids, shape), type)}; });
  return out;
}

Tensor embedding(const Tensor& table, const Tensor& ids, DType type) {
  PTAH_CHECK(table.rank() == 2, "embedding table {}", table.shape().str());
  std::vector<int64_t> dims;
  for (int i = 0; i < ids.rank(); ++i) dims.push_back(ids.dim(i));
  dims.push_back(table.dim(1));
  Tensor rows;
  {
    const NoGrad off;
    const Tensor flat = ids.reshape({-1});
    rows = table.dtype() == DType::blocks ? dequantized_rows(table, flat, type) : cast(gather(table, flat), type);
  }
  Tensor out = rows.reshape(Shape(dims));
  if (GradScope::wants({&table}))
    GradScope::record(out, {table}, [ids, shape = table.shape()](const Tensor& grad) { return std::vector{scatter_add(grad, ids, shape)}; });
  return out;
}

}  // namespace ptah
