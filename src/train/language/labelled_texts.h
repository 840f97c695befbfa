// Texts with labels that somebody gave them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"

namespace ptah {

struct LabelledTexts {
  std::vector<std::string> texts;
  std::vector<std::vector<std::string>> labels;  ///< of each text
};
/// A CSV file (RFC 4180) whose first line names the columns: `text`, and `label` or `labels`, several with | between them. Errors: not_found; corrupt, naming
/// the row.
Result<LabelledTexts> read_labelled_texts(const std::filesystem::path& file);

/// All labels that occur, in alphabetical order.
std::vector<std::string> label_names(const LabelledTexts& data);

/// How well labels were found: shares from 0 to 1.
struct LabelScores {
  double accuracy = 0;     ///< texts whose labels are all found and no others
  double macro_f1 = 0;     ///< the mean over labels of 2 TP / (2 TP + FP + FN); of one that neither occurs nor is found it is 0, as in scikit-learn
  double micro_f1 = 0;     ///< the same of all labels together
  std::vector<double> f1;  ///< of each label
};
/// `truth` and `found` hold a 1 for each label that a text has: [texts · labels].
LabelScores label_scores(const std::vector<uint8_t>& truth, const std::vector<uint8_t>& found, size_t labels);

}  // namespace ptah
