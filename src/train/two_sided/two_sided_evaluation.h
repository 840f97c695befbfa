// How near objects made of one picture come to the models that it shows: those of the two-sided network beside inflated ones.
#pragma once

#include "shape/two_sided/two_sided_network.h"
#include "train/two_sided/two_sided_set.h"

namespace ptah {

struct TwoSidedEvaluation {
  int64_t views = 2;         ///< of each model
  int64_t size = 256;        ///< edge of the pictures in pixels
  int64_t triangles = 5000;  ///< of the objects that are made
  size_t samples = 20000;    ///< points on each surface
  double threshold = 0.02;   ///< of the F-score, in diagonals of the model's box
  uint64_t seed = 1;
  std::filesystem::path sheets = {};  ///< if not empty, an existing folder for a sheet (PNG): picture, the model's back, the back that the network says
};

/// Views at random of each model, without background. {"models", "views", "skipped", "two_sided", "inflation", "better"}: of both ways the means and, below
/// "median", the medians of "chamfer" (% of the diagonal), "f_score", "normal_consistency", "iou" (of the volumes, where both enclose one), "back_color" (mean
/// difference in levels of 255; an inflated object has its picture on the back too) and "milliseconds"; "better": the share of views in which the network's
/// object has the smaller Chamfer distance, the higher IoU, the smaller error of the back's colours. Objects are laid on the model by the boxes of their
/// outlines and by the middle between front and back. Errors: cancelled, io, invalid_argument (no model that can be read).
Result<Json> evaluate_two_sided(const TwoSidedNetwork& network, const std::vector<MeshModel>& models, const TwoSidedEvaluation& how,
                                const TrainCallbacks& callbacks);

}  // namespace ptah
