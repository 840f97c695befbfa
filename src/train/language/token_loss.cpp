#include "train/language/token_loss.h"

#include <algorithm>
#include <cstring>
#include <functional>

#include "base/parallel.h"
#include "tensor/ops.h"

namespace ptah {

namespace {

constexpr int64_t kLogitsAtOnce = int64_t{1} << 24;  ///< 64 MiB in f32

/// Σ log softmax over some rows, and their gradients factor(row) · (softmax − one at the target), [rows, v] f32.
struct LogitPart {
  double sum = 0;
  Tensor gradient;
};

LogitPart part_of(const Tensor& logits, const int32_t* targets, const std::function<float(int64_t)>& factor, bool wants_gradient) {
  const NoGrad off;
  const int64_t rows = logits.dim(0), v = logits.dim(1);
  const Tensor log_probability = log_softmax(cast(logits, DType::f32));
  LogitPart out;
  if (DryRun::active()) {
    out.gradient = Tensor::empty({rows, v});
    return out;
  }
  const float* p = log_probability.data<float>();
  for (int64_t i = 0; i < rows; ++i)
    if (targets[i] >= 0) out.sum += static_cast<double>(p[i * v + targets[i]]);
  if (!wants_gradient) return out;
  out.gradient = exp(log_probability);
  parallel_for(rows, v, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      float* row = out.gradient.data<float>() + i * v;
      if (targets[i] < 0) {
        std::fill_n(row, v, 0.0F);
        continue;
      }
      row[targets[i]] -= 1;
      const float by = factor(i);
      for (int64_t c = 0; c < v; ++c) row[c] *= by;
    }
  });
  return out;
}

int64_t rows_at_once(int64_t v, int64_t rows) { return std::clamp(kLogitsAtOnce / std::max<int64_t>(v, 1), int64_t{16}, std::max<int64_t>(rows, 16)); }

/// The sum of log-probabilities times `factor`, and what its gradients are made of.
Tensor scaled_likelihood(const Tensor& states, const Tensor& weight, const Tensor& targets, double factor) {
  const int64_t d = states.dim(-1), rows = states.elements() / d, v = weight.dim(0);
  const Tensor flat = states.detach().reshape({rows, d});
  const bool recording = GradScope::wants({&states, &weight});
  Tensor out, dstates, held = weight;
  {
    const NoGrad off;
    if (recording && tracked(weight)) {
      held = weight.detach();  // takes the gradient of this loss alone
      held.set_requires_grad();
    }
    if (recording && tracked(states)) dstates = Tensor::empty(states.shape(), states.dtype());
    double sum = 0;
    const auto row_bytes = d * static_cast<int64_t>(size_of(states.dtype()));
    const int64_t step = rows_at_once(v, rows);
    for (int64_t at = 0; at < rows; at += step) {
      const int64_t count = std::min(step, rows - at);
      Tensor x = flat.rows(at, at + count);
      if (dstates.defined()) x.set_requires_grad();
      GradScope scope;
      const Tensor logits = linear(x, held);
      const int32_t* wanted = DryRun::active() ? nullptr : targets.data<int32_t>() + at;
      const LogitPart part = part_of(
          logits, wanted, [factor](int64_t) { return static_cast<float>(-factor); }, recording);
      sum += part.sum;
      if (!recording) continue;
      scope.backward(logits, cast(part.gradient, logits.dtype()));
      if (dstates.defined() && !DryRun::active()) std::memcpy(static_cast<char*>(dstates.raw()) + row_bytes * at, x.grad().raw(), x.grad().bytes());
    }
    out = Tensor::full({}, static_cast<float>(sum * factor));
  }
  if (recording)
    GradScope::record(out, {states, weight}, [dstates, dweight = tracked(weight) ? held.grad() : Tensor()](const Tensor& grad) {
      const float by = DryRun::active() ? 1.0F : grad.item();
      const auto times = [by](const Tensor& x) { return x.defined() && by != 1 ? affine(x, by) : x; };
      return std::vector{times(dstates), times(dweight)};
    });
  return out;
}

/// Only these rows are multiplied.
struct WantedRows {
  WantedRows(const Tensor& all_states, const Tensor& all_targets) {
    std::vector<int32_t> rows, ids;
    const auto all = all_targets.span<int32_t>();
    for (size_t i = 0; i < all.size(); ++i)
      if (all[i] >= 0) rows.push_back(static_cast<int32_t>(i)), ids.push_back(all[i]);
    count = static_cast<int64_t>(rows.size());
    if (count == 0) return;
    states = gather(all_states.reshape({-1, all_states.dim(-1)}), Tensor::from({count}, rows));
    targets = Tensor::from({count}, ids);
  }
  int64_t count = 0;
  Tensor states, targets;  ///< [count, d], i32 [count]
};

void check_loss(const Tensor& states, const Tensor& weight, const Tensor& targets) {
  PTAH_CHECK(states.rank() >= 1 && weight.rank() == 2 && states.dim(-1) == weight.dim(1) && targets.dtype() == DType::i32 &&
                 targets.elements() * weight.dim(1) == states.elements(),
             "loss of tokens: states {}, weight {}, targets {}", states.shape().str(), weight.shape().str(), targets.shape().str());
  if (DryRun::active()) return;
  for (const int32_t target : targets.span<int32_t>()) PTAH_CHECK(target < weight.dim(0), "target {} of {} tokens", target, weight.dim(0));
}

}  // namespace

Tensor token_loss(const Tensor& states, const Tensor& weight, const Tensor& targets) {
  check_loss(states, weight, targets);
  int64_t counted = targets.elements();
  if (!DryRun::active()) {
    const auto all = targets.span<int32_t>();
    counted = std::count_if(all.begin(), all.end(), [](int32_t target) { return target >= 0; });
  }
  return scaled_likelihood(states, weight, targets, counted ? -1 / static_cast<double>(counted) : 0);
}

Tensor log_likelihood(const Tensor& states, const Tensor& weight, const Tensor& targets) {
  check_loss(states, weight, targets);
  const WantedRows wanted(states, targets);
  return wanted.count == 0 ? Tensor::full({}, 0) : scaled_likelihood(wanted.states, weight, wanted.targets, 1);
}

Tensor log_likelihoods(const Tensor& states, const Tensor& weight, const Tensor& targets) {
  check_loss(states, weight, targets);
  const WantedRows wanted(states, targets);
  if (wanted.count == 0) return Tensor::empty({0});
  const int64_t count = wanted.count, step = rows_at_once(weight.dim(0), count);
  const Tensor kept = wanted.states, ids = wanted.targets;
  Tensor out = Tensor::empty({count});
  {
    const NoGrad off;
    const Tensor flat = kept.detach();
    for (int64_t at = 0; at < count; at += step) {
      const int64_t some = std::min(step, count - at), v = weight.dim(0);
      const Tensor found = log_softmax(cast(linear(flat.rows(at, at + some), weight.detach()), DType::f32));
      for (int64_t i = 0; i < some; ++i) out.data<float>()[at + i] = std::as_const(found).data<float>()[i * v + std::as_const(ids).data<int32_t>()[at + i]];
    }
  }
  if (GradScope::wants({&kept, &weight}))
    GradScope::record(out, {kept, weight}, [kept, weight, ids, count, step](const Tensor& grad) {
      const NoGrad off;
      Tensor held = weight.detach(), dstates = tracked(kept) ? Tensor::empty(kept.shape(), kept.dtype()) : Tensor();
      if (tracked(weight)) held.set_requires_grad();
      const auto row_bytes = kept.dim(1) * static_cast<int64_t>(size_of(kept.dtype()));
      const Tensor flat = kept.detach();
      for (int64_t at = 0; at < count; at += step) {
        const int64_t some = std::min(step, count - at);
        Tensor x = flat.rows(at, at + some);
        if (dstates.defined()) x.set_requires_grad();
        GradScope scope;
        const Tensor logits = linear(x, held);
        const float* by = std::as_const(grad).data<float>() + at;
        const LogitPart part = part_of(
            logits, std::as_const(ids).data<int32_t>() + at, [by](int64_t i) { return -by[i]; }, true);
        scope.backward(logits, cast(part.gradient, logits.dtype()));
        if (dstates.defined()) std::memcpy(static_cast<char*>(dstates.raw()) + row_bytes * at, x.grad().raw(), x.grad().bytes());
      }
      return std::vector{dstates, tracked(weight) ? held.grad() : Tensor()};
    });
  return out;
}

}  // namespace ptah
