// Names of diffusers' folders as the original files have them.
#pragma once

#include <map>
#include <string>

#include "tensor/tensor.h"

namespace ptah {

using NamedTensors = std::map<std::string, Tensor>;

/// A U-Net's tensors (conv_in.weight, down_blocks.0.resnets.0.norm1.weight …) under the original names (input_blocks.0.0.weight …). Throws Failure: mismatch
/// for a name that has no place there.
NamedTensors original_unet_names(const NamedTensors& diffusers);

/// The same for the autoencoder (decoder.up_blocks.0.resnets.0.norm1.weight → decoder.up.3.block.0.norm1.weight).
NamedTensors original_autoencoder_names(const NamedTensors& diffusers);

}  // namespace ptah
