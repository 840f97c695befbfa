// Training of language models on what people preferred.
#pragma once

#include <vector>

#include "text/lm/decoder.h"
#include "train/language/preference_data.h"
#include "train/language/preference_loss.h"
#include "train/picture/picture_trainer.h"

namespace ptah {

/// The log-probability of an answer (scalar f32, with gradients under a GradScope).
Tensor answer_likelihood(const Decoder& decoder, const PromptedAnswer& answer, DType type);

/// One pair under the decoder: its loss, with gradients times `weight` in the leaves if there is anything to train. `reference` are the log-probabilities of
/// the chosen and the rejected answer under the reference.
PairLoss learn_pair(const Decoder& decoder, const PreferencePair& pair, std::pair<double, double> reference, PreferenceLoss kind, double beta, double smoothing,
                    double weight, DType type, double* margin = nullptr);

/// One judged answer under the decoder, as learn_pair; `reference` is its log-probability under the reference.
AnswerLoss learn_answer(const Decoder& decoder, const PreferencePair& row, double reference, double beta, double divergence, double weight, DType type,
                        double* log_ratio = nullptr);

/// Each row's prompt with the answer of the row before it (the first with the last's): answers that do not belong to their prompts.
std::vector<PromptedAnswer> mismatched(const std::vector<const PreferencePair*>& rows);

/// Trains an adapter of a frozen model, quantised or not, on rows of JSON (train/language/preference_data.h), and writes it to `out` in PEFT's layout, with
/// log.csv, curve.csv (losses, and the share of held-out rows whose answers the model judges as they were judged, more than the reference does) and curve.png.
/// Keys of the config: data, held_out (a share, by number, or a file), out, start_from, loss (sigmoid, hinge, ipo, robust, apo_zero, sigmoid_norm of pairs;
/// kto, apo_zero_unpaired of single answers that were liked or not; sft: answers are learnt as they are), beta, label_smoothing, lora (rank, alpha, targets),
/// max_tokens, epochs, dtype, and those of every stage. Goes on from out/checkpoint.safetensors and ends in the same bytes. Errors: invalid_argument, naming
/// the key; not_found; corrupt; unsupported.
Result<void> train_preference(const Json& config, const std::filesystem::path& base_folder, const TrainCallbacks& callbacks);

}  // namespace ptah
