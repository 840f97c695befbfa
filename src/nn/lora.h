// Low-rank adapters of linear layers (Hu et al. 2021, "LoRA"): small matrices that are trained while the layer's own weight, quantised or not, stays as it is.
#pragma once

#include <string>
#include <vector>

#include "nn/layers.h"

namespace ptah {

struct LoraConfig {
  int64_t rank = 8;
  float alpha = 16;                                                                  ///< the added term is scaled by alpha / rank
  std::vector<std::string> targets = {"attn_q", "attn_k", "attn_v", "attn_output"};  ///< last parts of the names of the layers that get one
};

/// Whether the layer of this name ("blk.3.attn_q") is one of the targets.
bool is_target(const LoraConfig& config, const std::string& layer);

/// Gives a layer its adapter: NAME.lora_a [rank, in] and NAME.lora_b [out, rank] of `weights`, f32. Fresh ones begin as in the paper's code: `a` of deviation
/// 1 / √(3 · in), `b` zero, so that the layer computes what it did before. Throws Failure: invalid_argument for a rank below 1; mismatch for other shapes.
void add_adapter(Linear& layer, const std::string& name, const LoraConfig& config, Weights& weights);

/// The weight with its adapter added, f32 [out, in]; without one the weight in f32. Not recorded.
Tensor merged_weight(const Linear& layer);

}  // namespace ptah
