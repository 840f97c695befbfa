// Training of the writer of shapes: from sentences made by rule of a library's phrases to programs.
#pragma once

#include "train/picture/picture_trainer.h"

namespace ptah {

/// Trains a writer and saves out/writer.safetensors (bf16). Keys of the config: out; library (a folder of shapes; default: the one that comes along); encoder
/// (a sentence encoder by name or path; default: minilm); negatives (a text file, a line each: sentences that ask for none of the library's kinds; a line
/// such as "a kayak" is also taught with colours, materials and as a request); start_from (a writer.safetensors of a library that may lack kinds of this one);
/// model (width, heads, layers, hidden, text_tokens); and those of every stage (steps, batch, learning_rate …). Goes on from out/checkpoint.safetensors.
/// Errors: invalid_argument, naming the key; not_found (library, encoder).
Result<void> train_shape_writer(const Json& config, const std::filesystem::path& base_folder, const TrainCallbacks& callbacks);

}  // namespace ptah
