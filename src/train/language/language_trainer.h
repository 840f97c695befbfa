// Training of language models on a text: new ones from nothing, whole ones further, or adapters of frozen ones.
#pragma once

#include "train/picture/picture_trainer.h"

namespace ptah {

/// Trains on a text, and writes into `out`: a model (config.json, tokenizer.json, model.safetensors; or model.gguf if it began with a GGUF file) or an adapter
/// (adapter_config.json, adapter_model.safetensors), samples.txt, log.csv, curve.csv with the losses of training and of the held-out part, and curve.png.
/// Keys of the config: data (a text file), out, held_out (the share at the end of the text that is only measured), start_from (a language model; else `model`
/// says what is made), model (family, layers, heads, kv_heads, width, feed_forward, context, dropout), bias (whether biases are trained), lora (rank, alpha,
/// targets), context (tokens of a sequence), muon, beta2, min_learning_rate, dtype (f32, bf16), save_as (f32, bf16, f16), eval_every, eval_tokens, prompt,
/// batches (a safetensors file with `starts`, i32 [steps, batch]: where the sequences begin, to compare with another program), and those of every stage
/// (train/loop/stage.h). Goes on from out/checkpoint.safetensors and ends in the same bytes. Errors: invalid_argument, naming the key; not_found.
Result<void> train_language(const Json& config, const std::filesystem::path& base_folder, const TrainCallbacks& callbacks);

struct QuickLanguage {
  std::filesystem::path text, out;
  double seconds = 60;
  uint64_t seed = 0;
};
/// A config for a new model on a text that ends in about that time: times some steps first. Writes out/train.json, and takes the one that is there. Errors:
/// invalid_argument (another text; the time is too short), not_found.
Result<Json> quick_language_config(const QuickLanguage& training, const TrainCallbacks& callbacks);

}  // namespace ptah
