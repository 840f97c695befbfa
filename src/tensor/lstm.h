// Recurrence (ops/lstm.cpp). As the operations of ops.h.
#pragma once

#include "tensor/tensor.h"

namespace ptah {

struct LstmArgs {
  Tensor state = {};            ///< [b, d]: how the state begins; undefined: zero
  Tensor cell = {};             ///< f32 [b, d]: how the cell begins; no gradient; undefined: zero
  Tensor lengths = {};          ///< i32 [b]: at places from this one on a sequence keeps its state; undefined: none does
  bool reverse = false;         ///< from the last place to the first
  Tensor* last_cell = nullptr;  ///< gets the cell behind the last step, f32 [b, d]
};
/// Long short-term memory: sums [n, b, 4·d] of what comes in (input, forget, new, output, as PyTorch orders them), recurrent weight f32 [4·d, d] → states
/// [n, b, d]. States and cells are f32, products in the dtype of the sums.
Tensor lstm(const Tensor& sums, const Tensor& recurrent, const LstmArgs& args = {});

}  // namespace ptah
