// What sentences say in short, said in full, before they are read.
#pragma once

#include "scene/words/lexicon.h"

namespace ptah {

/// "to the sofa's left" → "to the left of the sofa"; "the bed's head is at the wall" → "the bed is at the wall"; "a red, a green and a blue mug" → "a red mug,
/// a green mug and a blue mug".
SceneWords in_full(const SceneWords& words, const SceneLexicon& lexicon);

}  // namespace ptah
