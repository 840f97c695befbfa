// What people add to a checkpoint: LoRAs and their relatives, which change its matrices, and embeddings, which are words of their own.
#pragma once

#include <vector>

#include "image/diffusers_names.h"

namespace ptah {

/// Where the parts of a checkpoint stand among its tensors.
struct CheckpointPlaces {
  std::string unet;                ///< prefix, in the original naming
  std::vector<std::string> texts;  ///< prefixes of the text encoders, in Hugging Face's or OpenCLIP's naming
};

struct Adapter {
  NamedTensors tensors;
  std::string name;  ///< for messages
  float strength = 1;
};

/// Adds what adapters change to the matrices of a checkpoint, all in f32 and rounded once (to the matrix's own dtype; kept in f32 with `exact`). Kinds: LoRA
/// (Hu et al. 2021; also of convolutions), LoHa and LoKr (Yeh et al. 2023), in the naming of kohya's scripts (of diffusers' or the original names), of
/// diffusers and of PEFT. Returns how many matrices changed. Errors: mismatch for names that have no place in the checkpoint and for other shapes;
/// unsupported for kinds with more parts than these (DoRA, Tucker's form).
Result<int64_t> merge_adapters(NamedTensors& checkpoint, const CheckpointPlaces& places, const std::vector<Adapter>& adapters, bool exact);

/// The vectors of an embedding (textual inversion: Gal et al. 2022), one tensor [vectors, width] for each of a model's `encoders` text encoders.
/// Errors: unsupported if the file holds none, or for another number of encoders.
Result<std::vector<Tensor>> embedding_vectors(const NamedTensors& tensors, size_t encoders);

}  // namespace ptah
