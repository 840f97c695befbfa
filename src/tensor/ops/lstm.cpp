// Long short-term memory over a sequence (Hochreiter and Schmidhuber 1997, with forget gates: Gers et al. 2000), and back through time. A step is one product
// with the recurrent weight and one pass over the numbers; the weight's gradient is one product at the end.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/ops/lstm.cpp"
#include <hwy/foreach_target.h>

#include <cstring>

#include "base/profile.h"
#include "tensor/cpu/simd-inl.h"
#include "tensor/lstm.h"
#include "tensor/ops.h"

#ifndef PTAH_TENSOR_OPS_LSTM_CALL
#define PTAH_TENSOR_OPS_LSTM_CALL
namespace ptah {
/// One step of all rows; [rows, width] and for gates [rows, 4·width].
struct LstmStep {
  int64_t rows, width;
  const int32_t* lengths;  ///< a row whose length is at or below `place` keeps its state; null: all go on
  int64_t place;
  float* gates;  ///< sums in, activations i f g o out
  const float *state_before, *cell_before;
  float *state, *cell;
  // back: gradients of the state (in), of the cell (in and, for the step before, out), of the sums (out), of the state before that is kept (out, added)
  const float* state_grad;
  float *cell_grad, *sum_grad, *kept_grad;
  bool runs(int64_t row) const { return !lengths || lengths[row] > place; }
};
}  // namespace ptah
#endif

HWY_BEFORE_NAMESPACE();
namespace ptah::HWY_NAMESPACE {

void lstm_forward(const LstmStep& s) {
  const int64_t d = s.width;
  parallel_for(s.rows, 40 * d, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      float *z = s.gates + r * 4 * d, *h = s.state + r * d, *c = s.cell + r * d;
      const float* before = s.cell_before + r * d;
      if (!s.runs(r)) {
        std::memcpy(h, s.state_before + r * d, static_cast<size_t>(d) * sizeof(float));
        std::memcpy(c, before, static_cast<size_t>(d) * sizeof(float));
        continue;
      }
      for (int64_t e = 0; e < d; e += lanes()) {
        const int64_t n = d - e;
        const VF in = sigmoid(load_n(z + e, n)), forget = sigmoid(load_n(z + d + e, n)), fresh = tanh(load_n(z + 2 * d + e, n)),
                 out = sigmoid(load_n(z + 3 * d + e, n));
        const VF cell = hn::MulAdd(forget, load_n(before + e, n), hn::Mul(in, fresh));
        store_n(cell, c + e, n);
        store_n(hn::Mul(out, tanh(cell)), h + e, n);
        store_n(in, z + e, n);
        store_n(forget, z + d + e, n);
        store_n(fresh, z + 2 * d + e, n);
        store_n(out, z + 3 * d + e, n);
      }
    }
  });
}

void lstm_backward(const LstmStep& s) {
  const int64_t d = s.width;
  const VF one = splat(1.0F);
  parallel_for(s.rows, 40 * d, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const float *z = s.gates + r * 4 * d, *before = s.cell_before + r * d, *c = s.cell + r * d, *dh = s.state_grad + r * d;
      float *dc = s.cell_grad + r * d, *dz = s.sum_grad + r * 4 * d, *kept = s.kept_grad + r * d;
      if (!s.runs(r)) {
        std::memcpy(kept, dh, static_cast<size_t>(d) * sizeof(float));
        std::memset(dz, 0, static_cast<size_t>(4 * d) * sizeof(float));
        continue;
      }
      std::memset(kept, 0, static_cast<size_t>(d) * sizeof(float));
      for (int64_t e = 0; e < d; e += lanes()) {
        const int64_t n = d - e;
        const VF in = load_n(z + e, n), forget = load_n(z + d + e, n), fresh = load_n(z + 2 * d + e, n), out = load_n(z + 3 * d + e, n);
        const VF bent = tanh(load_n(c + e, n)), grad = load_n(dh + e, n);
        const VF cell = hn::MulAdd(hn::Mul(grad, out), hn::NegMulAdd(bent, bent, one), load_n(dc + e, n));
        store_n(hn::Mul(hn::Mul(cell, fresh), hn::Mul(in, hn::Sub(one, in))), dz + e, n);
        store_n(hn::Mul(hn::Mul(cell, load_n(before + e, n)), hn::Mul(forget, hn::Sub(one, forget))), dz + d + e, n);
        store_n(hn::Mul(hn::Mul(cell, in), hn::NegMulAdd(fresh, fresh, one)), dz + 2 * d + e, n);
        store_n(hn::Mul(hn::Mul(grad, bent), hn::Mul(out, hn::Sub(one, out))), dz + 3 * d + e, n);
        store_n(hn::Mul(cell, forget), dc + e, n);
      }
    }
  });
}

}  // namespace ptah::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ptah {

HWY_EXPORT(lstm_forward);
HWY_EXPORT(lstm_backward);

namespace {

/// What going back needs, f32. `states` and `cells` have one row of all sequences more than there are steps: how they began stands at the first step's
/// "before".
struct LstmRecord {
  Tensor gates, states, cells, lengths;
  int64_t steps = 0, rows = 0, width = 0;
  bool reverse = false;
  int64_t at(int64_t i) const { return reverse ? steps - 1 - i : i; }  ///< the place of the i-th step
  /// Behind the i-th step; −1: the beginning.
  float* state(int64_t i) { return states.data<float>() + (i + 1) * rows * width; }
  float* cell(int64_t i) { return cells.data<float>() + (i + 1) * rows * width; }
  LstmStep step(int64_t i) {
    LstmStep out{};
    out.rows = rows;
    out.width = width;
    out.lengths = lengths.defined() ? std::as_const(lengths).data<int32_t>() : nullptr;
    out.place = at(i);
    out.gates = gates.data<float>() + at(i) * rows * 4 * width;
    out.state_before = state(i - 1);
    out.cell_before = cell(i - 1);
    out.state = state(i);
    out.cell = cell(i);
    return out;
  }
};

/// Gradients of the sums, the recurrent weight and how the state began.
std::vector<Tensor> lstm_back(LstmRecord& record, const Tensor& grad, const Tensor& recurrent, DType type) {
  const NoGrad off;
  const int64_t n = record.steps, b = record.rows, d = record.width;
  const Tensor states_grad = cast(grad, DType::f32);
  Tensor sums = Tensor::empty({n, b, 4 * d}), cell_grad = Tensor::zeros({b, d}), state_grad = Tensor::zeros({b, d}), kept = Tensor::empty({b, d}),
         before = Tensor::empty({n, b, d});
  for (int64_t i = n; i-- > 0;) {
    const int64_t place = record.at(i);
    state_grad = add(state_grad, states_grad.rows(place, place + 1).reshape({b, d}));
    LstmStep step = record.step(i);
    step.state_grad = state_grad.data<float>();
    step.cell_grad = cell_grad.data<float>();
    step.sum_grad = sums.data<float>() + place * b * 4 * d;
    step.kept_grad = kept.data<float>();
    HWY_DYNAMIC_DISPATCH(lstm_backward)(step);
    std::memcpy(before.data<float>() + place * b * d, step.state_before, static_cast<size_t>(b * d) * sizeof(float));
    const Tensor now = sums.rows(place, place + 1).reshape({b, 4 * d});
    state_grad = add(cast(matmul(cast(now, type), cast(recurrent, type)), DType::f32), kept);
  }
  const Tensor all = cast(sums, type).reshape({n * b, 4 * d}), states = cast(before, type).reshape({n * b, d});
  return {cast(sums, type), cast(matmul(all, states, {.transpose_a = true}), DType::f32), state_grad};
}

}  // namespace

Tensor lstm(const Tensor& sums, const Tensor& recurrent, const LstmArgs& args) {
  const Operation operation("lstm");
  PTAH_CHECK(sums.rank() == 3 && is_float(sums.dtype()) && sums.dim(2) % 4 == 0, "lstm: sums {}", sums.shape().str());
  const int64_t n = sums.dim(0), b = sums.dim(1), d = sums.dim(2) / 4;
  PTAH_CHECK(recurrent.shape() == Shape({4 * d, d}), "lstm: recurrent weight {} for sums {}", recurrent.shape().str(), sums.shape().str());
  PTAH_CHECK(!args.state.defined() || args.state.shape() == Shape({b, d}), "lstm: it begins with {}; expected [{}, {}]", args.state.shape().str(), b, d);
  PTAH_CHECK(!args.lengths.defined() || (args.lengths.dtype() == DType::i32 && args.lengths.elements() == b), "lstm: lengths are i32 [{}]", b);
  const DType type = sums.dtype();
  if (DryRun::active() || sums.elements() == 0) return Tensor::empty({n, b, d}, type);
  auto record = std::make_shared<LstmRecord>();
  Tensor out;
  {
    const NoGrad off;
    *record = {cast(sums, DType::f32).clone(), Tensor::empty({n + 1, b, d}), Tensor::empty({n + 1, b, d}), args.lengths, n, b, d, args.reverse};
    std::fill_n(record->cell(-1), b * d, 0.0F);
    if (args.state.defined())
      std::memcpy(record->state(-1), cast(args.state, DType::f32).data<float>(), static_cast<size_t>(b * d) * sizeof(float));
    else
      std::fill_n(record->state(-1), b * d, 0.0F);
    if (args.cell.defined()) std::memcpy(record->cell(-1), cast(args.cell, DType::f32).data<float>(), static_cast<size_t>(b * d) * sizeof(float));
    for (int64_t i = 0; i < n; ++i) {
      const LstmStep step = record->step(i);
      const Tensor before = cast(record->states.rows(i, i + 1).reshape({b, d}), type);
      const Tensor more = cast(linear(before, recurrent), DType::f32);
      const float* from = more.data<float>();
      for (int64_t e = 0; e < b * 4 * d; ++e) step.gates[e] += from[e];
      HWY_DYNAMIC_DISPATCH(lstm_forward)(step);
    }
    if (args.last_cell) *args.last_cell = record->cells.rows(n, n + 1).reshape({b, d}).clone();
    out = Tensor::empty({n, b, d}, type);
    const Tensor states = cast(record->states.rows(1, n + 1), type);
    const size_t bytes = static_cast<size_t>(b * d) * (states.bytes() / static_cast<size_t>(states.elements()));
    for (int64_t i = 0; i < n; ++i)
      std::memcpy(static_cast<char*>(out.raw()) + static_cast<size_t>(record->at(i)) * bytes,
                  static_cast<const char*>(states.raw()) + static_cast<size_t>(i) * bytes, bytes);
  }
  if (GradScope::wants({&sums, &recurrent, &args.state}))
    GradScope::record(out, {sums, recurrent, args.state}, [record, recurrent, type, state = args.state](const Tensor& grad) {
      std::vector<Tensor> grads = lstm_back(*record, grad, recurrent, type);
      grads[2] = state.defined() ? cast(grads[2], state.dtype()) : Tensor();
      return grads;
    });
  return out;
}

}  // namespace ptah
#endif
