// Names of diffusers' folders as the original files have them.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "tensor/tensor.h"

namespace ptah {

using NamedTensors = std::map<std::string, Tensor>;

/// Whether there is a name that begins so.
bool any_begins(const NamedTensors& tensors, const std::string& prefix);
/// The tensors whose names begin so, without that beginning.
NamedTensors below(const NamedTensors& tensors, const std::string& prefix);

/// How diffusers numbers the blocks of one U-Net, and where they stand in the original naming.
class UnetNames {
 public:
  /// From all tensors of a U-Net (or of a network that controls one) in diffusers' naming, or in the original one below `prefix`.
  static UnetNames of_diffusers(const NamedTensors& tensors);
  static UnetNames of_original(const NamedTensors& tensors, const std::string& prefix);
  /// down_blocks.0.resnets.0.norm1.weight → input_blocks.1.0.in_layers.0.weight; none for a name that has no place there.
  std::optional<std::string> original(const std::string& diffusers) const;

 private:
  int layers_ = 0;         ///< residual blocks of a block down
  std::set<int> looking_;  ///< blocks up that have transformers
};

/// A U-Net's tensors (conv_in.weight, down_blocks.0.resnets.0.norm1.weight …) under the original names (input_blocks.0.0.weight …), a controlling network's
/// too (controlnet_down_blocks.0.weight → zero_convs.0.0.weight). Throws Failure: mismatch for a name that has no place there.
NamedTensors original_unet_names(const NamedTensors& diffusers);

/// The same for the autoencoder (decoder.up_blocks.0.resnets.0.norm1.weight → decoder.up.3.block.0.norm1.weight).
NamedTensors original_autoencoder_names(const NamedTensors& diffusers);

/// The same for the transformer of Stable Diffusion 3 (transformer_blocks.0.attn.to_q.weight and its like → joint_blocks.0.x_block.attn.qkv.weight). Matrices
/// that lie apart in one layout and together in the other are joined; halves that stand the other way round change places.
NamedTensors original_joint_names(const NamedTensors& diffusers);

/// Where one of its tensors stands in the original naming: part `part` of `parts` along the outermost axis.
struct JointPlace {
  std::string name;
  int part = 0, parts = 1;
};
/// None for a name that has no place there, and for those whose halves stand the other way round in some blocks.
std::optional<JointPlace> original_joint_place(const std::string& diffusers);

}  // namespace ptah
