// Training on a folder of pictures within a given time.
#pragma once

#include "train/picture/picture_trainer.h"

namespace ptah {

struct QuickTraining {
  std::filesystem::path pictures;    ///< captioned pictures, as read_picture_set takes them
  std::filesystem::path out;         ///< where the model goes
  std::filesystem::path start_from;  ///< the picture model to train further
  double seconds = 300;              ///< about how long it may take in all
  uint64_t seed = 0;
};

/// A config for train_picture_model with as many steps as fit: a few steps of the same training are run and timed first, in a folder that goes again. It is
/// written to `out`/train.json, and taken from there if it is there already, so that a training that was cut goes on. Paths in it are absolute.
/// Errors: invalid_argument (the time is too short for a step; train.json is of other pictures), cancelled, and those of train_picture_model.
Result<Json> quick_config(const QuickTraining& training, const TrainCallbacks& callbacks);

}  // namespace ptah
