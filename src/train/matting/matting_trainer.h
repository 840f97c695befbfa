// Training of the background-removal network on composites made on the fly, and its evaluation on those of things and photographs that were held out.
#pragma once

#include "image/matting.h"
#include "train/matting/matting_set.h"

namespace ptah {

/// Trains a network and saves out/matting.safetensors (bf16, the averaged weights). Keys of the config: data (a folder of tools/data/matting.py), out, shapes
/// (views of each kind of shape; 0: none), library (a folder of shapes; default: the one that comes along), model (size, widths, blocks, attention_blocks,
/// heads); train_size (edge of the composites, and of what the saved network looks at; less than the model's size is cheaper, for a first part or for good;
/// default: the model's size); and those of every stage (steps, batch, learning_rate …). Goes on from out/checkpoint.safetensors. Errors: invalid_argument,
/// naming the key; not_found.
Result<void> train_matting(const Json& config, const std::filesystem::path& base_folder, const TrainCallbacks& callbacks);

/// 1, and up to 5 where the coverage changes within two pixels: f32 [n, edge, edge, 1] of coverage of that shape. No gradient.
Tensor edge_weights(const Tensor& cover);

/// Of logits and coverage, both f32 [n, edge, edge, 1]: cross entropy, weighted by edge_weights(), plus the Dice loss of each picture (Milletari et
/// al. 2016), plus how much the differences of neighbours differ (the boundary). Scalar.
Tensor matting_loss(const Tensor& logits, const Tensor& cover);

}  // namespace ptah
