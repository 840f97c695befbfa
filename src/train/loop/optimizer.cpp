#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "train/loop/optimizer.cpp"
#include <hwy/foreach_target.h>

#include <cmath>
#include <cstring>

#include "tensor/cpu/simd-inl.h"
#include "tensor/ops.h"
#include "train/loop/optimizer.h"
#include "tensor/device.h"

#ifndef PTAH_TRAIN_OPTIMIZER_CALL
#define PTAH_TRAIN_OPTIMIZER_CALL
namespace ptah {
struct AdamCall {
  int64_t count;
  float *weight, *first, *second, *average;  ///< average may be null
  const float* grad;
  float clip, beta1, beta2, correction1, correction2, rate, decay, epsilon, ema;
};
}  // namespace ptah
#endif

HWY_BEFORE_NAMESPACE();
namespace ptah::HWY_NAMESPACE {

/// One pass over memory: moments, update, average.
void adam_update(const AdamCall& call) {
  in_chunks(call.count, 8, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; i += lanes()) {
      const int64_t left = last - i;
      const VF g = hn::Mul(load_n(call.grad + i, left), splat(call.clip));
      const VF m = hn::MulAdd(load_n(call.first + i, left), splat(call.beta1), hn::Mul(g, splat(1 - call.beta1)));
      const VF v = hn::MulAdd(load_n(call.second + i, left), splat(call.beta2), hn::Mul(hn::Mul(g, g), splat(1 - call.beta2)));
      const VF scale = hn::Add(hn::Sqrt(hn::Mul(v, splat(call.correction2))), splat(call.epsilon));
      const VF move = hn::Div(hn::Mul(m, splat(call.correction1)), scale);
      const VF w = hn::NegMulAdd(move, splat(call.rate), hn::Mul(load_n(call.weight + i, left), splat(call.decay)));
      store_n(m, call.first + i, left);
      store_n(v, call.second + i, left);
      store_n(w, call.weight + i, left);
      if (!call.average) continue;
      const VF a = load_n(call.average + i, left);
      store_n(hn::MulAdd(hn::Sub(w, a), splat(1 - call.ema), a), call.average + i, left);
    }
  });
}

}  // namespace ptah::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ptah {

HWY_EXPORT(adam_update);

Optimizer::Optimizer(const std::map<std::string, Tensor>& weights, OptimizerConfig config,
                     const std::function<bool(const std::string&, const Tensor&)>& with_muon)
    : config_(config) {
  for (const auto& [name, weight] : weights) {
    PTAH_CHECK(weight.dtype() == DType::f32, "weight '{}' is {}; masters are f32", name, name_of(weight.dtype()));
    Slot slot;
    slot.name = name;
    slot.weight = weight;
    slot.weight.set_requires_grad();
    slot.first = Tensor::zeros(weight.shape());
    slot.muon = weight.rank() == 2 && with_muon && with_muon(name, weight);
    slot.table = config_.table_learning_rate > 0 && name.size() >= 9 && name.compare(name.size() - 9, 9, "embedding") == 0;
    slot.decays = weight.rank() >= 2;
    if (!slot.muon) slot.second = Tensor::zeros(weight.shape());
    if (config_.ema_decay > 0) slot.average = weight.clone();
    slots_.push_back(slot);
  }
}

namespace {

float total_norm(const std::vector<Tensor>& grads) {
  double squares = 0;
  for (const Tensor& grad : grads)
    if (grad.defined()) squares += sum(square(grad)).item();
  return static_cast<float>(std::sqrt(squares));
}

/// The nearest orthogonal matrix, about: five quintic Newton–Schulz steps in the compute dtype.
Tensor orthogonal(const Tensor& matrix) {
  const bool tall = matrix.dim(0) > matrix.dim(1);
  const float norm = std::sqrt(sum(square(matrix)).item()) + 1e-7F;
  Tensor x = cast(affine(tall ? permute(matrix, {1, 0}) : matrix, 1 / norm), compute_dtype());
  for (int i = 0; i < 5; ++i) {
    const Tensor a = matmul(x, x, {.transpose_b = true});
    const Tensor b = add(affine(a, -4.7750F), affine(matmul(a, a), 2.0315F));
    x = add(affine(x, 3.4445F), matmul(b, x));
  }
  const Tensor out = cast(x, DType::f32);
  return tall ? permute(out, {1, 0}) : out;
}

}  // namespace

void Optimizer::muon_step(Slot& slot, const Tensor& grad, float rate, float clip, float ema) {
  slot.first = add(affine(slot.first, config_.muon_momentum), affine(grad, clip));
  const Tensor nesterov = add(affine(grad, clip), affine(slot.first, config_.muon_momentum));
  const float shape = std::sqrt(std::max(1.0F, static_cast<float>(grad.dim(0)) / static_cast<float>(grad.dim(1))));
  const Tensor moved = add(affine(slot.weight.detach(), 1 - rate * config_.weight_decay), affine(orthogonal(nesterov), -rate * shape));
  std::memcpy(slot.weight.raw(), moved.raw(), moved.bytes());
  if (!slot.average.defined()) return;
  const Tensor average = add(affine(slot.average, ema), affine(moved, 1 - ema));
  std::memcpy(slot.average.raw(), average.raw(), average.bytes());
}

float Optimizer::step(float schedule) {
  const NoGrad off;
  std::vector<Tensor> grads;
  for (Slot& slot : slots_) {
    grads.push_back(slot.weight.grad());
    slot.weight.clear_grad();
  }
  const float norm = total_norm(grads);
  const float clip = config_.clip_norm > 0 && norm > config_.clip_norm ? config_.clip_norm / norm : 1.0F;
  ++steps_;
  const double t = static_cast<double>(steps_);
  const auto ema = std::min(config_.ema_decay, static_cast<float>((1 + t) / (10 + t)));  // early averages forget the start
  for (size_t i = 0; i < slots_.size(); ++i) {
    Slot& slot = slots_[i];
    if (!grads[i].defined()) continue;
    if (slot.muon) {
      muon_step(slot, grads[i], config_.muon_learning_rate * schedule, clip, ema);
    } else {
      AdamCall call{};
      call.count = slot.weight.elements();
      call.weight = slot.weight.data<float>();
      call.first = slot.first.data<float>();
      call.second = slot.second.data<float>();
      call.average = slot.average.defined() ? slot.average.data<float>() : nullptr;
      call.grad = std::as_const(grads[i]).data<float>();
      call.clip = clip;
      call.beta1 = config_.beta1;
      call.beta2 = config_.beta2;
      call.correction1 = static_cast<float>(1 / (1 - std::pow(static_cast<double>(config_.beta1), t)));
      call.correction2 = static_cast<float>(1 / (1 - std::pow(static_cast<double>(config_.beta2), t)));
      call.rate = (slot.table ? config_.table_learning_rate : config_.learning_rate) * schedule;
      call.decay = slot.decays ? 1 - call.rate * config_.weight_decay : 1.0F;
      call.epsilon = config_.epsilon;
      call.ema = ema;
      HWY_DYNAMIC_DISPATCH(adam_update)(call);
    }
    slot.weight.touch();
  }
  return norm;
}

std::map<std::string, Tensor> Optimizer::averaged() const {
  std::map<std::string, Tensor> out;
  for (const Slot& slot : slots_) out.emplace(slot.name, slot.average.defined() ? slot.average.detach() : slot.weight.detach());
  return out;
}

std::map<std::string, Tensor> Optimizer::state() const {
  std::map<std::string, Tensor> out;
  for (const Slot& slot : slots_) {
    out.emplace("weight." + slot.name, slot.weight.detach());
    out.emplace("first." + slot.name, slot.first);
    if (slot.second.defined()) out.emplace("second." + slot.name, slot.second);
    if (slot.average.defined()) out.emplace("average." + slot.name, slot.average);
  }
  out.emplace("steps", Tensor::from({1}, std::vector<int32_t>{static_cast<int32_t>(steps_)}));
  return out;
}

Result<void> Optimizer::restore(const std::map<std::string, Tensor>& state) {
  const auto find = [&](const std::string& name, const Shape& shape, DType type) -> Result<Tensor> {
    const auto found = state.find(name);
    if (found == state.end()) return fail(ErrorCode::mismatch, "checkpoint: tensor '{}' is missing", name);
    if (found->second.shape() != shape || found->second.dtype() != type)
      return fail(ErrorCode::mismatch, "checkpoint: tensor '{}' is {} {}; expected {} {}", name, name_of(found->second.dtype()), found->second.shape().str(),
                  name_of(type), shape.str());
    return found->second;
  };
  for (Slot& slot : slots_)
    for (const auto& [kind, tensor] :
         {std::pair<const char*, Tensor*>{"weight.", &slot.weight}, {"first.", &slot.first}, {"second.", &slot.second}, {"average.", &slot.average}}) {
      if (!tensor->defined()) continue;
      PTAH_TRY(const Tensor from, find(kind + slot.name, tensor->shape(), DType::f32));
      std::memcpy(tensor->raw(), from.raw(), from.bytes());
      tensor->touch();
    }
  PTAH_TRY(const Tensor count, find("steps", {1}, DType::i32));
  steps_ = count.data<int32_t>()[0];
  return {};
}

float Schedule::at(int64_t step) const {
  if (step < warmup) return static_cast<float>(step + 1) / static_cast<float>(warmup);
  if (cosine) {
    const double share = std::min(1.0, static_cast<double>(step - warmup) / static_cast<double>(std::max<int64_t>(1, steps - warmup)));
    return floor + (1 - floor) * 0.5F * static_cast<float>(1 + std::cos(3.14159265358979 * share));
  }
  const double start = static_cast<double>(steps) * (1 - decay_share);
  const double left = (static_cast<double>(steps) - static_cast<double>(step)) / (static_cast<double>(steps) - start);
  return std::max(floor, static_cast<float>(std::min(1.0, left)));
}

}  // namespace ptah
#endif
