// Emotions that the words of a text express.
#pragma once

#include <string>

#include "ptah/engine.h"
#include "ptah/result.h"

namespace ptah {

/// Unset fields have these defaults.
struct EmotionRequest {
  std::string text;               ///< English; what is beyond about 200 words is not read
  bool lines = false;             ///< each line is a text of its own
  std::string model = "emotion";  ///< the classifier that comes along, or a folder with one of the same labels
};

/// emotion.json and a receipt: for each text those of GoEmotions' 28 labels that reach their thresholds, the probabilities of all of them, of Ekman's six
/// emotions and of four groups, and a notice that has to be shown with them: they are guessed from words, and are not what anybody feels. Engine::replay makes
/// it again. Fails with "invalid_argument", "not_found", "cancelled".
Outcome<MadeWork> emotion(const EmotionRequest& request, const MakeOptions& options = {});
/// Memory and time.
Outcome<MakePlan> plan_emotion(const EmotionRequest& request, const MakeOptions& options = {});

}  // namespace ptah
