// How good a picture model is, in figures that can be printed again.
#pragma once

#include <set>
#include <filesystem>

#include "pipelines/picture_pipeline.h"
#include "train/picture/picture_set.h"
#include "train/picture/picture_trainer.h"

namespace ptah {

/// A word no caption need hold, and the word that the names of the concepts it should look like hold: {"canine", "dog"}.
struct Synonym {
  std::string word;
  std::set<std::string> meant;  ///< words of the concepts that are right
};
/// Reads a JSON array of [word, meant, or meant, …]. Errors: not_found, corrupt.
Result<std::vector<Synonym>> read_synonyms(const std::filesystem::path& file);

/// What is measured, and how the pictures are drawn.
struct Evaluation {
  CreateRequest request;  ///< seed, steps, guidance, sampler and best_of count; prompt, style and size are the measure's
  std::vector<std::string> parts{"held-out", "prompts", "colours", "synonyms", "frechet", "nearest", "arrangements"};
  std::vector<std::string> prompts;
  std::vector<Synonym> synonyms;
  int64_t count = 256;           ///< pictures of "frechet"
  std::filesystem::path sheets;  ///< a folder that gets a PNG for each part; empty: none
};

/// One JSON object with an entry for each part:
/// held-out: of up to 100 (concept, style) pairs that training left out, how often the judge finds the caption of the drawn and of the true picture;
/// prompts: how often it finds the prompt of a list among the others; colours: how often the asked colour is the main hue, of 200 prompts; synonyms: how
/// often the concept meant is among the judge's five nearest concepts; frechet: distance in the judge's features between drawn and true pictures, and
/// between true ones; nearest: how near the nearest training picture is, by pixels, of 50 drawn; arrangements: two things side by side and numbers of things;
/// concepts (only when asked for): every concept drawn by its name, at which place among all the judge finds it.
/// Errors: invalid_argument (unknown part, a sheet of that name is there, nothing to measure it on), cancelled, and those of PictureModel::create.
Result<Json> evaluate_picture_model(const PictureModel& model, const PictureJudge& judge, const PictureSet& set, const Evaluation& evaluation,
                                    const TrainCallbacks& callbacks);

}  // namespace ptah
