// How well things are cut out of their background, on composites of things and photographs that training left out.
#pragma once

#include "pipelines/cut/background_remover.h"
#include "train/matting/composite.h"

namespace ptah {

/// Agreement of a cut with the truth, both taken as inside from one half on.
struct CutScore {
  double iou = 0;         ///< intersection over union
  double boundary_f = 0;  ///< F-score of the outlines, which agree within 0.75 % of the picture's diagonal (Csurka et al. 2013)
};
CutScore cut_score(const Coverage& found, const Coverage& truth);

struct MattingEvaluation {
  int64_t count = 200;  ///< composites of each kind
  int64_t size = 384;   ///< their edge in pixels
  uint64_t seed = 1;
  std::filesystem::path sheets = {};  ///< if not empty, an existing folder for sheets (PNG)
};

/// Means over composites with anything behind, and over ones with one colour behind, each for the network, the minimum cut and the rule that chooses between
/// them; and milliseconds a picture. Composites of which less than 1 % is covered are left out. Errors: cancelled, io.
Result<Json> evaluate_matting(const BackgroundRemover& remover, const MattingPool& pool, const MattingEvaluation& evaluation, const TrainCallbacks& callbacks);

}  // namespace ptah
