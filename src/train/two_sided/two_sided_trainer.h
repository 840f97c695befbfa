// Training of the network that sees both sides of objects, on views of models rendered on the fly.
#pragma once

#include "shape/two_sided/two_sided_network.h"
#include "train/two_sided/two_sided_set.h"

namespace ptah {

/// Trains a network and saves out/two_sided.safetensors (bf16, the averaged weights). Keys of the config: data (a folder of models: GLB, glTF, OBJ …; empty:
/// none), held_out (a file of names in it that are not trained on; empty: none), out, shapes (variants of each kind of shape; 0: none), shape_share (of the
/// views), library (a folder of shapes; default: the one that comes along), model (size, widths, blocks, attention_blocks, heads); and those of every stage
/// (steps, batch, learning_rate …). Goes on from out/checkpoint.safetensors. Errors: invalid_argument, naming the key; not_found.
Result<void> train_two_sided(const Json& config, const std::filesystem::path& base_folder, const TrainCallbacks& callbacks);

/// What the network reads, what it should say, and how much each pixel counts: none outside of the object, the outline twice.
struct TwoSidedBatch {
  Tensor seen, wanted, weights;  ///< f32 [n, size, size, kTwoSidedInputs], [… kTwoSidedOutputs], [… 1]
};
/// Of views of one size.
TwoSidedBatch two_sided_batch(const std::vector<TwoSidedView>& views);

/// Mean error of the depths, half of that of the colours, and twice that of the depths' differences between neighbours (the slopes), all weighted. Scalar.
Tensor two_sided_loss(const Tensor& found, const TwoSidedBatch& batch);

}  // namespace ptah
