#include "tensor/tensor.h"

#include <cstring>

#include "base/parallel.h"
#include "base/philox.h"
#include "tensor/blocks.h"
#include "tensor/ops.h"

namespace ptah {

Shape::Shape(std::span<const int64_t> dims) : rank_(static_cast<int>(dims.size())) {
  PTAH_CHECK(dims.size() <= kMaxDims, "a shape has at most {} axes, not {}", kMaxDims, dims.size());
  for (size_t i = 0; i < dims.size(); ++i) dims_[i] = dims[i];
}

int Shape::normal(int axis) const {
  const int out = axis < 0 ? axis + rank_ : axis;
  PTAH_CHECK(out >= 0 && out < rank_, "axis {} of shape {}", axis, str());
  return out;
}

int64_t Shape::product(int first, int last) const {
  int64_t product = 1;
  for (int i = first; i < last; ++i) product *= dims_[static_cast<size_t>(i)];
  return product;
}

int64_t Shape::elements() const { return product(0, rank_); }

std::string Shape::str() const {
  std::string out = "[";
  for (int i = 0; i < rank_; ++i) out += (i ? ", " : "") + std::to_string(dims_[static_cast<size_t>(i)]);
  return out + "]";
}

Tensor Tensor::empty(const Shape& shape, DType type) {
  auto body = std::make_shared<Body>();
  for (int i = 0; i < shape.rank(); ++i) PTAH_CHECK(shape[i] >= 0, "negative extent in {}", shape.str());
  body->shape = shape;
  body->dtype = type;
  body->block = std::make_shared<Block>(static_cast<size_t>(shape.elements()) * size_of(type));
  body->data = static_cast<char*>(body->block->data());
  return Tensor(std::move(body));
}

namespace {

/// Bytes of `elements` numbers of a tensor like this one.
int64_t bytes_of(const Tensor::Body& body, int64_t elements) {
  if (body.dtype == DType::blocks) return block_bytes(body.block_type, elements);
  return elements * static_cast<int64_t>(size_of(body.dtype));
}

void check_blocks(const Shape& shape, BlockType type) {
  const BlockLayout& layout = layout_of(type);
  PTAH_CHECK(layout.elements > 1, "{} has no blocks", layout.name);
  PTAH_CHECK(shape.rank() > 0 && shape[-1] % layout.elements == 0, "{} in blocks of {} ({})", shape.str(), layout.elements, layout.name);
}

}  // namespace

Tensor Tensor::empty_blocks(const Shape& shape, BlockType type) {
  check_blocks(shape, type);
  auto body = std::make_shared<Body>();
  body->shape = shape;
  body->dtype = DType::blocks;
  body->block_type = type;
  body->block = std::make_shared<Block>(static_cast<size_t>(block_bytes(type, shape.elements())));
  body->data = static_cast<char*>(body->block->data());
  return Tensor(std::move(body));
}

Tensor Tensor::wrap(const BlockMatrix& matrix) {
  const Shape shape{matrix.rows, matrix.columns};
  if (matrix.type == BlockType::f32) return wrap(shape, DType::f32, matrix.data, matrix.owner);
  if (matrix.type == BlockType::f16) return wrap(shape, DType::f16, matrix.data, matrix.owner);
  if (matrix.type == BlockType::bf16) return wrap(shape, DType::bf16, matrix.data, matrix.owner);
  check_blocks(shape, matrix.type);
  Tensor out = wrap(shape, DType::blocks, matrix.data, matrix.owner);
  out.body_->block_type = matrix.type;
  return out;
}

BlockType Tensor::block_type() const {
  if (dtype() == DType::blocks) return body_->block_type;
  PTAH_CHECK(is_float(dtype()), "{} is no kind of blocks", name_of(dtype()));
  return dtype() == DType::f32 ? BlockType::f32 : dtype() == DType::f16 ? BlockType::f16 : BlockType::bf16;
}

BlockMatrix Tensor::block_matrix() const {
  const int64_t columns = rank() ? dim(-1) : 1;
  return {block_type(), columns ? elements() / columns : 0, columns, static_cast<const uint8_t*>(raw()), std::make_shared<const Tensor>(*this)};
}

size_t Tensor::bytes() const { return static_cast<size_t>(bytes_of(*body_, elements())); }

Tensor Tensor::zeros(const Shape& shape, DType type) {
  Tensor out = empty(shape, type);
  if (!DryRun::active()) std::memset(out.raw(), 0, out.bytes());
  return out;
}

Tensor Tensor::full(const Shape& shape, float value, DType type) {
  Tensor out = empty(shape, DType::f32);
  if (!DryRun::active()) std::fill_n(out.data<float>(), out.elements(), value);
  return type == DType::f32 ? out : cast(out, type);
}

template <class T>
Tensor Tensor::from(const Shape& shape, std::span<const T> values) {
  PTAH_CHECK(shape.elements() == static_cast<int64_t>(values.size()), "{} values for shape {}", values.size(), shape.str());
  Tensor out = empty(shape, DTypeOf<T>::value);
  if (!DryRun::active() && !values.empty()) std::memcpy(out.raw(), values.data(), values.size_bytes());
  return out;
}
template Tensor Tensor::from<float>(const Shape&, std::span<const float>);
template Tensor Tensor::from<int32_t>(const Shape&, std::span<const int32_t>);
template Tensor Tensor::from<uint8_t>(const Shape&, std::span<const uint8_t>);
template Tensor Tensor::from<bf16>(const Shape&, std::span<const bf16>);

Tensor Tensor::wrap(const Shape& shape, DType type, const void* data, std::shared_ptr<const void> owner) {
  auto body = std::make_shared<Body>();
  body->shape = shape;
  body->dtype = type;
  body->owner = std::move(owner);
  body->data = static_cast<char*>(const_cast<void*>(data));
  body->constant = true;
  return Tensor(std::move(body));
}

Tensor Tensor::lazy(const Shape& shape, DType type, std::function<Tensor()> make) {
  Tensor out = wrap(shape, type, nullptr, nullptr);
  out.body_->lazy = std::make_shared<const LazyNumbers>(std::move(make));
  return out;
}

const Tensor& LazyNumbers::kept() const {
  const std::lock_guard lock(mutex_);
  if (!kept_.defined()) kept_ = make_();
  return kept_;
}

Tensor LazyNumbers::passing() const {
  {
    const std::lock_guard lock(mutex_);
    if (kept_.defined()) return kept_;
  }
  return make_();
}

Tensor passing_numbers(const Tensor& weight) {
  const Tensor::Body& body = *weight.body();
  return (body.lazy && !DryRun::active() ? body.lazy->passing() : weight).detach().reshape(weight.shape());
}

Tensor Tensor::normal(const Shape& shape, uint64_t seed, uint64_t stream, DType type) {
  Tensor out = empty(shape, DType::f32);
  if (!DryRun::active()) fill_normal(out.span<float>(), seed, stream);
  return type == DType::f32 ? out : cast(out, type);
}

const Shape& Tensor::shape() const {
  PTAH_CHECK(defined(), "tensor is not defined");
  return body_->shape;
}

DType Tensor::dtype() const {
  PTAH_CHECK(defined(), "tensor is not defined");
  return body_->dtype;
}

template <class T>
const T* Tensor::data() const {
  PTAH_CHECK(dtype() == DTypeOf<T>::value, "tensor is {}, not {}", name_of(dtype()), name_of(DTypeOf<T>::value));
  return reinterpret_cast<const T*>(raw());
}
template <class T>
T* Tensor::data() {
  PTAH_CHECK(!body_->constant, "tensor is read-only");
  return const_cast<T*>(std::as_const(*this).data<T>());
}
#define PTAH_DATA(T)                         \
  template const T* Tensor::data<T>() const; \
  template T* Tensor::data<T>();
PTAH_DATA(float)
PTAH_DATA(bf16)
PTAH_DATA(f16)
PTAH_DATA(int32_t)
PTAH_DATA(uint8_t)
#undef PTAH_DATA

void* Tensor::raw() {
  PTAH_CHECK(defined() && !body_->constant, "tensor is not writable");
  return body_->data;
}
const void* Tensor::raw() const {
  PTAH_CHECK(defined(), "tensor is not defined");
  return body_->lazy && !DryRun::active() ? body_->lazy->kept().raw() : body_->data;
}

float Tensor::item() const {
  PTAH_CHECK(elements() == 1, "item() of shape {}", shape().str());
  return DryRun::active() ? 0.0F : to_vector()[0];
}

std::vector<float> Tensor::to_vector() const {
  std::vector<float> out(static_cast<size_t>(elements()));
  if (dtype() == DType::blocks) {
    dequantize(body_->block_type, static_cast<const uint8_t*>(raw()), elements(), out.data());
    return out;
  }
  for (size_t i = 0; i < out.size(); ++i) switch (dtype()) {
      case DType::f32:
        out[i] = data<float>()[i];
        break;
      case DType::bf16:
        out[i] = to_float(data<bf16>()[i]);
        break;
      case DType::f16:
        out[i] = to_float(data<f16>()[i]);
        break;
      case DType::i32:
        out[i] = static_cast<float>(data<int32_t>()[i]);
        break;
      case DType::u8:
        out[i] = data<uint8_t>()[i];
        break;
      case DType::blocks:
        break;
    }
  return out;
}

Tensor Tensor::detach() const {
  Tensor out(std::make_shared<Body>());
  Body& body = *out.body_;
  body.block = body_->block;
  body.owner = body_->owner;
  body.data = body_->data;
  body.shape = body_->shape;
  body.dtype = body_->dtype;
  body.block_type = body_->block_type;
  body.constant = body_->constant;
  body.lazy = body_->lazy;
  body.packing = body_->packing;
  return out;
}

Tensor Tensor::reshape(const Shape& wanted) const {
  Shape shape = wanted;
  int64_t known = 1;
  int open = -1;
  for (int i = 0; i < shape.rank(); ++i) {
    if (shape[i] == -1)
      open = i;
    else
      known *= shape[i];
  }
  if (open >= 0 && known > 0) shape[open] = elements() / known;
  PTAH_CHECK(shape.elements() == elements(), "cannot reshape {} to {}", this->shape().str(), wanted.str());
  if (dtype() == DType::blocks) check_blocks(shape, body_->block_type);
  Tensor out = detach();
  out.body_->shape = shape;
  if (GradScope::wants({this})) {
    const Shape before = this->shape();
    GradScope::record(out, {*this}, [before](const Tensor& grad) { return std::vector{grad.reshape(before)}; });
  }
  return out;
}

Tensor Tensor::rows(int64_t begin, int64_t end) const {
  PTAH_CHECK(dtype() != DType::blocks || rank() > 1, "rows of a vector in blocks");
  PTAH_CHECK(rank() > 0 && begin >= 0 && begin <= end && end <= dim(0), "rows [{}, {}) of {}", begin, end, shape().str());
  Tensor out = body_->lazy && !DryRun::active() ? body_->lazy->kept().detach() : detach();
  Shape shape = this->shape();
  if (out.body_->data) out.body_->data += bytes_of(*body_, begin * shape.product(1, shape.rank()));
  shape[0] = end - begin;
  out.body_->shape = shape;
  return out;
}

Tensor Tensor::clone() const {
  Tensor out = dtype() == DType::blocks ? empty_blocks(shape(), body_->block_type) : empty(shape(), dtype());
  if (!DryRun::active() && out.bytes()) std::memcpy(out.raw(), raw(), out.bytes());
  return out;
}

Tensor& Tensor::set_requires_grad(bool on) {
  PTAH_CHECK(defined(), "tensor is not defined");
  PTAH_CHECK(!on || dtype() != DType::blocks, "numbers in blocks of {} are frozen: they have no gradient", layout_of(body_->block_type).name);
  body_->requires_grad = on;
  return *this;
}
bool Tensor::requires_grad() const { return defined() && body_->requires_grad; }

const Tensor& Tensor::grad() const {
  PTAH_CHECK(defined(), "tensor is not defined");
  return body_->grad;
}
void Tensor::set_grad(Tensor grad) { body_->grad = std::move(grad); }
void Tensor::clear_grad() { body_->grad = {}; }
void Tensor::set_packing(WeightPacking packing) { body_->packing = packing; }

void Tensor::touch() { ++body_->version; }

namespace {
GradScope*& current_scope() {
  thread_local GradScope* scope = nullptr;
  return scope;
}

void accumulate(Tensor::Body& body, const Tensor& grad) {
  PTAH_CHECK(grad.shape() == body.shape, "gradient of shape {} for a tensor of shape {}", grad.shape().str(), body.shape.str());
  if (!body.grad.defined())
    body.grad = grad.detach();
  else
    body.grad = add(body.grad, grad);
}
}  // namespace

GradScope::GradScope() : outer_(current_scope()) { current_scope() = this; }
GradScope::~GradScope() { current_scope() = outer_; }
GradScope* GradScope::current() { return current_scope(); }

bool GradScope::wants(std::initializer_list<const Tensor*> inputs) {
  if (!current_scope()) return false;
  for (const Tensor* input : inputs)
    if (tracked(*input)) return true;
  return false;
}

void GradScope::record(Tensor& output, std::vector<Tensor> inputs, Backward backward) {
  output.body_->recorded = true;
  current_scope()->entries_.push_back({output.body_, std::move(inputs), std::move(backward)});
}

void GradScope::backward(const Tensor& output, Tensor gradient) {
  const NoGrad off;
  PTAH_CHECK(output.body_->recorded, "backward(): nothing was recorded for this tensor");
  if (!gradient.defined()) {
    PTAH_CHECK(output.elements() == 1, "backward() without a gradient needs a scalar, not {}", output.shape().str());
    gradient = Tensor::full(output.shape(), 1.0F, output.dtype());
  }
  output.body_->grad = gradient;
  while (!entries_.empty()) {
    Entry entry = std::move(entries_.back());
    entries_.pop_back();
    Tensor grad = std::move(entry.output->grad);
    entry.output->grad = {};
    entry.output.reset();
    if (!grad.defined()) continue;
    std::vector<Tensor> grads = entry.backward(grad);
    grad = {};
    entry.backward = nullptr;
    PTAH_CHECK(grads.size() == entry.inputs.size(), "backward returned {} gradients for {} inputs", grads.size(), entry.inputs.size());
    for (size_t i = 0; i < grads.size(); ++i) {
      if (!grads[i].defined() || !tracked(entry.inputs[i])) continue;
      accumulate(*entry.inputs[i].body(), grads[i]);
      grads[i] = {};
    }
  }
}

NoGrad::NoGrad() : saved_(current_scope()) { current_scope() = nullptr; }
NoGrad::~NoGrad() { current_scope() = saved_; }

}  // namespace ptah
