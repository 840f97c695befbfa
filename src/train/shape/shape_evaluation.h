// How well sentences become shapes: paraphrases that people wrote, sentences made by rule, and whether what comes out is a solid.
#pragma once

#include "base/budget.h"
#include "base/json.h"
#include "pipelines/shape/shape_maker.h"
#include "shape/words/captions.h"

namespace ptah {

/// A sentence and what it asks for.
struct Paraphrase {
  std::string kind;   ///< of the library; any other word: it lacks what is asked for
  std::string asked;  ///< "red", "finish=oak,drawers=2" or nothing: a colour or material that some parameter has to have, or values of single ones
  std::string text;
};
/// From lines "kind|what is asked for|text". Errors: corrupt, naming the line.
Result<std::vector<Paraphrase>> read_paraphrases(const std::string& text);

struct ShapeEvaluation {
  std::vector<Paraphrase> paraphrases;
  int64_t sentences = 1000;  ///< made by rule, from a stream that training never takes
  int64_t solids = 300;      ///< of them that are run and meshed
  uint64_t seed = 0;
};

/// {"paraphrases": {"count", "kind", "kind_and_asked", "unknown_kinds", "refused"}, "sentences": {"count", "exact", "kind", "color", "material", "count_words",
/// "words", "numbers"}, "solids": {"count", "run", "closed", "one_body"}, "milliseconds": {"write", "run"}}; shares from 0 to 1, null where nothing was
/// counted. A number is right within 3 of 64 levels of its range. `wrong` gets the paraphrases that were misread, with what was read. Errors: cancelled.
Result<Json> evaluate_shapes(const ShapeMaker& maker, const ShapePhrases& phrases, const ShapeEvaluation& how, std::vector<std::string>& wrong,
                             const CancelToken* cancel = nullptr);

}  // namespace ptah
