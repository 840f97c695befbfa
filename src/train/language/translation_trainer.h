// Training of models that turn sequences into others (text/translate/translation_model.h), a Transformer or an LSTM, on pairs of lines.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/json.h"
#include "text/translate/translation_model.h"
#include "train/loop/run.h"

namespace ptah {

/// Sources and targets, side by side.
struct TranslationPairs {
  std::vector<std::string> sources, targets;
};
/// A text file whose lines hold a source and a target with a tab between; what stands behind a second tab is left out, empty lines too. Errors: not_found,
/// corrupt (naming the line).
Result<TranslationPairs> read_translation_pairs(const std::filesystem::path& file);

/// How good answers are. A source may have several targets; any of them is right.
struct TranslationScores {
  double exact = 0;                                                            ///< the share of sources whose answer is one of their targets
  double unit_error = 0;                                                       ///< edits to the nearest target, by the units of those
  double bleu = 0;                                                             ///< sacrebleu's, of words: small letters, the first target
  std::vector<std::pair<std::string, std::pair<int64_t, int64_t>>> by_length;  ///< "8-11" source units → right ones, all
};
TranslationScores translation_scores(const TranslationPairs& pairs, const std::vector<std::string>& distinct_sources, const std::vector<std::string>& answers,
                                     const TranslationConfig& config);

/// Trains by a config (docs/learning.md lists its keys); writes translation.json and model.safetensors, curve.csv and curve.png, scores.json and attention.svg.
/// Errors: invalid_argument for unknown keys (with the nearest), bad values or an output of another training; not_found; corrupt; cancelled.
Result<void> train_translation(const Json& config, const std::filesystem::path& base_folder, const TrainCallbacks& callbacks);

}  // namespace ptah
