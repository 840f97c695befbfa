// Tensor: a cheap value handle to row-major numbers. Copies of the handle share the numbers; ops make new tensors.
#pragma once

#include <array>
#include <functional>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/memory.h"
#include "tensor/dtype.h"

namespace ptah {

enum class BlockType : uint8_t;
struct BlockMatrix;

/// Up to six extents, outermost first.
class Shape {
 public:
  static constexpr int kMaxDims = 6;
  Shape() = default;
  Shape(std::initializer_list<int64_t> dims) : Shape(std::span<const int64_t>(dims.begin(), dims.size())) {}
  explicit Shape(std::span<const int64_t> dims);
  int rank() const { return rank_; }
  /// Extent of one axis; negative axes count from the end.
  int64_t operator[](int axis) const { return dims_[static_cast<size_t>(normal(axis))]; }
  int64_t& operator[](int axis) { return dims_[static_cast<size_t>(normal(axis))]; }
  int64_t elements() const;
  /// Product of the extents [first, last).
  int64_t product(int first, int last) const;
  int normal(int axis) const;
  bool operator==(const Shape& other) const = default;
  std::string str() const;

 private:
  std::array<int64_t, kMaxDims> dims_{};
  int rank_ = 0;
};

/// How a weight is kept and multiplied: in the dtype of what it meets; likewise, but by kernels of Ptah's own where those are faster
/// (tensor/cpu/panel_product.h, winograd.h: another order of sums, and kernels of 3 × 3 are rounded after they are transformed); in 8 bits with a scale for
/// each output (symmetric, rounded to nearest), products in the dtype of what it meets; or in 8 bits, and what it meets rounded to 8 bits too (one scale a
/// tensor), products exact in 32 bits.
enum class WeightPacking : uint8_t { plain, own, int8, int8_products };
/// "w8a16" and "w8a8", as others call them; empty for the others.
constexpr std::string_view name_of(WeightPacking packing) {
  return packing == WeightPacking::int8 ? "w8a16" : packing == WeightPacking::int8_products ? "w8a8" : "";
}

class Tensor {
 public:
  struct Body;

  /// An empty handle; defined() is false.
  Tensor() = default;

  static Tensor empty(const Shape& shape, DType type = DType::f32);
  static Tensor zeros(const Shape& shape, DType type = DType::f32);
  static Tensor full(const Shape& shape, float value, DType type = DType::f32);
  template <class T>
  static Tensor from(const Shape& shape, std::span<const T> values);
  static Tensor from(const Shape& shape, std::initializer_list<float> values) {
    return from<float>(shape, std::span<const float>(values.begin(), values.size()));
  }
  static Tensor from(const Shape& shape, const std::vector<float>& values) { return from<float>(shape, std::span<const float>(values)); }
  static Tensor from(const Shape& shape, const std::vector<int32_t>& values) { return from<int32_t>(shape, std::span<const int32_t>(values)); }
  /// Wraps bytes that somebody else owns (a memory map); owner keeps them alive. The tensor must not be written.
  static Tensor wrap(const Shape& shape, DType type, const void* data, std::shared_ptr<const void> owner);
  /// A matrix [rows, columns] as it lies (tensor/blocks.h): plain numbers, or DType::blocks for the quantised kinds. The tensor must not be written.
  static Tensor wrap(const BlockMatrix& matrix);
  /// Room for block-quantised numbers; the innermost extent is a multiple of the kind's block.
  static Tensor empty_blocks(const Shape& shape, BlockType type);
  /// Numbers that are made when they are first asked for, and again for each packed copy as long as nobody asks: large weights that lie in another form. `make`
  /// gives a tensor of this shape and dtype. The tensor must not be written.
  static Tensor lazy(const Shape& shape, DType type, std::function<Tensor()> make);
  /// Independent standard normals from Philox(seed, stream).
  static Tensor normal(const Shape& shape, uint64_t seed, uint64_t stream, DType type = DType::f32);

  bool defined() const { return body_ != nullptr; }
  const Shape& shape() const;
  int64_t dim(int axis) const { return shape()[axis]; }
  int rank() const { return shape().rank(); }
  int64_t elements() const { return shape().elements(); }
  DType dtype() const;
  /// How the numbers are stored: of blocks their kind, else the dtype as a kind (f32, f16, bf16).
  BlockType block_type() const;
  /// As kernels that multiply blocks as they lie read it: rows of the innermost axis. Of floats and blocks.
  BlockMatrix block_matrix() const;
  size_t bytes() const;

  /// Typed access; the type must be the tensor's (checked). Null in a dry run.
  template <class T>
  T* data();
  template <class T>
  const T* data() const;
  void* raw();
  const void* raw() const;
  template <class T>
  std::span<T> span() {
    return {data<T>(), static_cast<size_t>(elements())};
  }
  template <class T>
  std::span<const T> span() const {
    return {data<T>(), static_cast<size_t>(elements())};
  }
  /// The only element, as float.
  float item() const;
  /// All elements as f32, in order.
  std::vector<float> to_vector() const;

  /// The same numbers with another shape of equally many elements; one extent may be −1. Recorded for gradients.
  Tensor reshape(const Shape& shape) const;
  /// Rows [begin, end) of the outermost axis as a view on the same numbers. Not recorded: for data, not for models.
  Tensor rows(int64_t begin, int64_t end) const;
  /// A deep copy, not recorded.
  Tensor clone() const;
  /// The same numbers outside any gradient record.
  Tensor detach() const;

  // Gradients.
  /// Marks a leaf: backward() will leave its gradient in grad(). Numbers in blocks are frozen: they take none.
  Tensor& set_requires_grad(bool on = true);
  bool requires_grad() const;
  /// The gradient (f32, same shape), undefined before backward().
  const Tensor& grad() const;
  void set_grad(Tensor grad);
  void clear_grad();

  /// Says that the numbers were changed in place: packed copies are made again at the next use.
  void touch();
  /// How linear layers and convolutions keep this weight; before its first use.
  void set_packing(WeightPacking packing);
  Body* body() const { return body_.get(); }

 private:
  explicit Tensor(std::shared_ptr<Body> body) : body_(std::move(body)) {}
  std::shared_ptr<Body> body_;
  friend class GradScope;
};

/// A packed copy of a weight for one kernel (key), made from one version of its numbers.
struct PackedCopy {
  std::string key;
  uint64_t version = 0;
  std::shared_ptr<Block> block;
};

/// Numbers to come; shared by all handles on them.
class LazyNumbers {
 public:
  explicit LazyNumbers(std::function<Tensor()> make) : make_(std::move(make)) {}
  /// Made once and kept.
  const Tensor& kept() const;
  /// The kept ones if there are, else made for the caller alone.
  Tensor passing() const;

 private:
  std::function<Tensor()> make_;
  mutable std::mutex mutex_;
  mutable Tensor kept_;
};

struct Tensor::Body {
  std::shared_ptr<const LazyNumbers> lazy;  ///< instead of data
  WeightPacking packing = WeightPacking::plain;
  std::shared_ptr<Block> block;
  std::shared_ptr<const void> owner;
  char* data = nullptr;
  Shape shape;
  DType dtype = DType::f32;
  BlockType block_type{};  ///< if dtype is blocks
  bool requires_grad = false;
  bool recorded = false;  ///< made by a recorded op
  bool constant = false;  ///< wraps foreign read-only bytes
  Tensor grad;
  uint64_t version = 1;
  std::vector<PackedCopy> packed;
};

/// A weight's numbers for one use: those of a lazy tensor are not kept. Shape and dtype are the weight's.
Tensor passing_numbers(const Tensor& weight);

/// While one lives on this thread, ops on tracked tensors are recorded so that backward() can run.
class GradScope {
 public:
  /// From the gradient of the output to the gradients of the inputs (undefined for those that need none).
  using Backward = std::function<std::vector<Tensor>(const Tensor& grad)>;

  GradScope();
  ~GradScope();
  GradScope(const GradScope&) = delete;
  GradScope& operator=(const GradScope&) = delete;

  /// Runs the record backwards from a scalar (or from any tensor with the given gradient) and leaves gradients in the leaves.
  /// The record is used up.
  void backward(const Tensor& output, Tensor gradient = {});

  static GradScope* current();
  /// Whether an op on these inputs has to be recorded.
  static bool wants(std::initializer_list<const Tensor*> inputs);
  /// Records output = op(inputs). Call only if wants(inputs).
  static void record(Tensor& output, std::vector<Tensor> inputs, Backward backward);

 private:
  struct Entry {
    std::shared_ptr<Tensor::Body> output;
    std::vector<Tensor> inputs;
    Backward backward;
  };
  std::vector<Entry> entries_;
  GradScope* outer_ = nullptr;
};

/// Suspends recording, e.g. for the parts of a model that are not trained.
class NoGrad {
 public:
  NoGrad();
  ~NoGrad();
  NoGrad(const NoGrad&) = delete;
  NoGrad& operator=(const NoGrad&) = delete;

 private:
  GradScope* saved_;
};

/// True for tensors that backward() has to reach.
inline bool tracked(const Tensor& tensor) { return tensor.defined() && (tensor.body()->requires_grad || tensor.body()->recorded); }

}  // namespace ptah
