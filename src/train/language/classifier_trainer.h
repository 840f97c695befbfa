// Training of classifiers of texts: a sentence encoder is trained further with a layer on top of it.
#pragma once

#include "tensor/tensor.h"
#include "train/picture/picture_trainer.h"

namespace ptah {

/// Trains on labelled texts (train/language/labelled_texts.h) and writes a folder that `ptah classify` and `ptah embed` read, log.csv, curve.csv with the loss
/// and the held-out scores, curve.png, and scores.json. Keys of the config: data (CSV), held_out (a share of the data, by number, or a CSV file), test (a CSV
/// file that is measured once, at the end), out, encoder (default: minilm), epochs, max_tokens, dropout (of the mean state), several (whether texts may have
/// several labels; default: whether one has), lora (rank, alpha: the encoder stays as it is, and adapter.safetensors holds a low-rank adapter of it),
/// thresholds (true: one for each label, of its best held-out F1), calibrate (true: a temperature, of the least held-out cross entropy), dtype, and those of
/// every stage; `steps` instead of epochs. The one threshold of several labels is that of the best held-out macro-F1. Goes on from out/checkpoint.safetensors.
/// Errors: invalid_argument, naming the key; not_found; corrupt.
Result<void> train_classifier(const Json& config, const std::filesystem::path& base_folder, const TrainCallbacks& callbacks);

/// Mean over all entries of the cross entropy of σ(logits) with targets of 0 and 1: f32, equal shapes. Scalar.
Tensor binary_cross_entropy(const Tensor& logits, const Tensor& targets);

}  // namespace ptah
