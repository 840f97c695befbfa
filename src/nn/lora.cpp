#include "nn/lora.h"

#include <algorithm>
#include <cmath>

namespace ptah {

bool is_target(const LoraConfig& config, const std::string& layer) {
  const std::string last = layer.substr(layer.rfind('.') + 1);
  return std::find(config.targets.begin(), config.targets.end(), last) != config.targets.end();
}

void add_adapter(Linear& layer, const std::string& name, const LoraConfig& config, Weights& weights) {
  if (config.rank < 1) throw Failure({ErrorCode::invalid_argument, fmt::format("adapter of rank {}", config.rank)});
  const int64_t out = layer.weight.dim(0), in = layer.weight.dim(1);
  LowRank made;
  made.down = weights.get(name + ".lora_a", {config.rank, in}, Init::fan_in, 1 / std::sqrt(3.0F));
  made.up = weights.get(name + ".lora_b", {out, config.rank}, Init::zeros, 0);
  made.scale = config.alpha / static_cast<float>(config.rank);
  layer.adapter = std::make_shared<const LowRank>(std::move(made));
}

Tensor merged_weight(const Linear& layer) {
  const NoGrad off;
  Tensor weight = cast(layer.weight, DType::f32);
  if (!layer.adapter) return weight;
  return add(weight, affine(matmul(cast(layer.adapter->up, DType::f32), cast(layer.adapter->down, DType::f32)), layer.adapter->scale));
}

}  // namespace ptah
