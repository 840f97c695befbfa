// AdamW (Loshchilov and Hutter 2019) and Muon (Jordan et al. 2024: momentum made orthogonal by Newton–Schulz steps), with clipping and an
// exponential moving average of the weights (whose decay grows to its value over the first steps), over f32 master weights.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "tensor/tensor.h"

namespace ptah {

struct OptimizerConfig {
  float learning_rate = 4e-4F;       ///< of AdamW
  float muon_learning_rate = 0.01F;  ///< of the matrices that Muon trains
  float table_learning_rate = 0;     ///< of tables of embeddings, whose rows are seldom touched; 0: as learning_rate
  float beta1 = 0.9F, beta2 = 0.99F, epsilon = 1e-8F;
  float weight_decay = 0.01F;  ///< matrices only
  float muon_momentum = 0.95F;
  float clip_norm = 1.0F;    ///< of all gradients together; 0: none
  float ema_decay = 0.999F;  ///< 0: no average
};

class Optimizer {
 public:
  /// Trains the given weights (f32 leaves; they are marked as requiring gradients). `with_muon` chooses by name and shape.
  Optimizer(const std::map<std::string, Tensor>& weights, OptimizerConfig config, const std::function<bool(const std::string&, const Tensor&)>& with_muon = {});

  /// One update from the gradients in the leaves, which are cleared. `schedule` multiplies all learning rates. Returns the norm of
  /// all gradients before clipping.
  float step(float schedule);
  int64_t steps() const { return steps_; }

  /// The averaged weights (copies of the weights themselves when there is no average).
  std::map<std::string, Tensor> averaged() const;

  /// Everything needed to go on exactly: weights, moments, averages, step count.
  std::map<std::string, Tensor> state() const;
  /// Errors: mismatch, naming the tensor.
  Result<void> restore(const std::map<std::string, Tensor>& state);

 private:
  struct Slot {
    std::string name;
    Tensor weight, first, second, average;
    bool muon = false, decays = false, table = false;
  };
  void muon_step(Slot& slot, const Tensor& grad, float rate, float clip, float ema);

  std::vector<Slot> slots_;
  OptimizerConfig config_;
  int64_t steps_ = 0;
};

/// Factor on the learning rate at a step: linear warm-up, then cosine to `floor`, or hold and linear decay over the last part.
struct Schedule {
  int64_t steps = 1000, warmup = 100;
  bool cosine = true;
  float decay_share = 0.3F;  ///< of hold-and-decay
  float floor = 0.02F;
  float at(int64_t step) const;
};

}  // namespace ptah
